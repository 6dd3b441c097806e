import { randomBytes } from "node:crypto";

import { ContractFactory, type Wallet } from "ethers";
import hre, { network } from "hardhat";

import type { WriteContext } from "../../../../lib/chain/context.ts";
import { checksum, fromHex, ZERO_ADDRESS, type Address, type Hex } from "../../../../lib/hex.ts";
import { acceptToken } from "../../../../lib/inft/accept.ts";
import { sealAgent } from "../../../../lib/inft/agent.ts";
import { attestorChain } from "../../../../lib/inft/attestor/chain.ts";
import { describeAttestor, type FoundAttestor } from "../../../../lib/inft/attestor/client.ts";
import { attestorKey } from "../../../../lib/inft/attestor/key.ts";
import { DEFAULT_ATTESTOR_LIMITS } from "../../../../lib/inft/attestor/limits.ts";
import { serveAttestor, type ServedAttestor } from "../../../../lib/inft/attestor/server.ts";
import { decryptionKey } from "../../../../lib/inft/decryption-key.ts";
import { mintPlain } from "../../../../lib/inft/mint.ts";
import { ownerPublicKey } from "../../../../lib/inft/owner-key.ts";
import type { AccessProof } from "../../../../lib/inft/proof-access.ts";
import type { ProofAction } from "../../../../lib/inft/proof.ts";
import { prepareHandover, readOwnedToken, type Handover, type OwnedToken } from "../../../../lib/inft/transfer.ts";
import { readUsers } from "../../../../lib/inft/users.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import { MemoryObjectStore } from "../../../../lib/storage/object-store.ts";

export const NETWORK = networkNamed("default");

export interface Party {
  readonly address: Address;
  readonly signer: Wallet;
}

/** Three attestors, of which `threshold` must sign, an iNFT that trusts them, and people who trade. */
export async function openTrade({ threshold = 1 }: { readonly threshold?: number } = {}) {
  const connection = await network.create();
  const { galileo } = connection;
  const [seller, buyer, stranger] = [
    await galileo.fundedUser(),
    await galileo.fundedUser(),
    await galileo.fundedUser(),
  ];
  const contextOf = ({ signer }: Party): WriteContext => {
    if (signer.provider === null) throw new Error("the user is not connected");
    return { network: NETWORK, provider: signer.provider, signer };
  };
  const ctx = contextOf(seller);

  const objects = new MemoryObjectStore();
  const served: ServedAttestor[] = [];
  const attestors: FoundAttestor[] = [];
  for (let count = 0; count < 3; count++) {
    const attestor = {
      chainId: NETWORK.chainId,
      key: attestorKey(`0x${randomBytes(32).toString("hex")}`),
      chain: attestorChain(ctx),
      objects: new MemoryObjectStore(),
      randomBytes: (length: number) => new Uint8Array(randomBytes(length)),
      limits: DEFAULT_ATTESTOR_LIMITS,
    };
    const server = await serveAttestor({ attestor, host: "127.0.0.1", port: 0 });
    served.push(server);
    attestors.push(await describeAttestor({}, server.url));
  }

  async function deploy(name: string, args: readonly unknown[]): Promise<Address> {
    const { abi, bytecode } = await hre.artifacts.readArtifact(name);
    const contract = await new ContractFactory(abi, bytecode, seller.signer).deploy(...args);
    await contract.waitForDeployment();
    return checksum(await contract.getAddress());
  }
  const forever = 2 ** 40;
  const verifier = await deploy("TransferVerifier", [
    seller.address,
    threshold,
    3600,
    attestors.map(({ address, url }) => ({ attestor: address, validUntil: forever, endpoint: url })),
  ]);
  const { inferenceServing } = NETWORK.contracts;
  const inft = await deploy("INFT", ["Traded", "TRADE", inferenceServing, verifier, ZERO_ADDRESS, 0]);

  const files = [
    { part: "config", name: "config.json", bytes: new TextEncoder().encode('{"temperature":0.7}') },
    { part: "weights", name: "weights.bin", bytes: new Uint8Array(randomBytes(700)) },
  ] as const;

  /** A token of the seller's that holds an agent of two files. */
  async function mint(): Promise<bigint> {
    const { ciphertexts, ...sealed } = sealAgent({
      chainId: NETWORK.chainId,
      inft,
      agent: { parts: files },
      ownerPublicKey: await ownerPublicKey(seller.signer),
      randomBytes,
    });
    for (const [index, { dataHash }] of sealed.datas.entries()) await keep(dataHash, ciphertexts[index]);
    return (await mintPlain(ctx, { inft, to: seller.address, ...sealed })).tokenId;
  }

  async function keep(hash: Hex, ciphertext: Uint8Array | undefined): Promise<void> {
    if (ciphertext === undefined) throw new Error(`no ciphertext for ${hash}`);
    await objects.put(hash, ciphertext);
  }

  async function ciphertextsOf({ datas }: Pick<OwnedToken, "datas">): Promise<Uint8Array[]> {
    return Promise.all(
      datas.map(async ({ dataHash }) => (await objects.get(dataHash)) ?? Promise.reject(new Error(dataHash))),
    );
  }

  const keysOf = ({ signer }: Party) => [decryptionKey(fromHex(signer.privateKey as Hex), "the test")];
  const read = async (tokenId: bigint) => readOwnedToken(ctx, { inft, tokenId });
  const now = async () => BigInt(await connection.networkHelpers.time.latest());

  return {
    connection,
    galileo,
    seller,
    buyer,
    stranger,
    ctx,
    contextOf,
    inft,
    verifier,
    attestors,
    files,
    deploy,
    mint,
    read,
    now,
    ciphertextsOf,
    keysOf,
    /** What must not change when a transfer fails. */
    state: async (tokenId: bigint) => ({
      token: await read(tokenId),
      users: await readUsers(ctx, { inft, tokenId }),
    }),
    /** The buyer's side. */
    accept: async (tokenId: bigint, action: ProofAction = "transfer", to: Party = buyer): Promise<AccessProof> => {
      const deadline = (await now()) + 3600n;
      const params = { token: await read(tokenId), action, to: to.address, deadline, signer: to.signer };
      return (await acceptToken(ctx, params)).proof;
    },
    /** The attestors' side; the new ciphertexts are kept. */
    reencrypt: async (access: AccessProof, owner: Party = seller): Promise<Handover> => {
      const token = await read(access.tokenId);
      const handover = await prepareHandover(
        {},
        {
          token,
          access,
          signer: owner.signer,
          keys: keysOf(owner),
          ciphertexts: await ciphertextsOf(token),
          attestors: attestors.slice(0, threshold),
          randomBytes,
        },
      );
      for (const [index, hash] of handover.newDataHashes.entries()) await keep(hash, handover.ciphertexts[index]);
      return handover;
    },
    close: async () => {
      await Promise.all(served.map(async (server) => server.close()));
      await connection.close();
    },
  };
}

export type Trade = Awaited<ReturnType<typeof openTrade>>;
