/** An attestor with fakes all around it, a token whose data it can re-encrypt, and verbs for seller and buyer. */

import { Wallet, type HDNodeWallet } from "ethers";

import { developmentAccount } from "../../../../../lib/chain/development-keys.ts";
import type { ZgError } from "../../../../../lib/errors.ts";
import { checksum, fromHex, type Address, type Hex } from "../../../../../lib/hex.ts";
import { sealForAttestor } from "../../../../../lib/inft/attestor/box.ts";
import type { AttestorChain } from "../../../../../lib/inft/attestor/chain.ts";
import { attestorKey, type AttestorKey } from "../../../../../lib/inft/attestor/key.ts";
import { DEFAULT_ATTESTOR_LIMITS, type AttestorLimits } from "../../../../../lib/inft/attestor/limits.ts";
import { requestDigest, requestTypedData, type AttestorRequest } from "../../../../../lib/inft/attestor/protocol.ts";
import type { AttestorContext } from "../../../../../lib/inft/attestor/reencrypt.ts";
import { tokenBytes } from "../../../../../lib/inft/content.ts";
import { openHashes, signAccessProof, type AccessProof } from "../../../../../lib/inft/proof-access.ts";
import type { AccessMessage } from "../../../../../lib/inft/proof.ts";
import { encryptData, seededRandomBytes, type RandomBytes } from "../../../../../lib/sealing/index.ts";
import { storageRoot } from "../../../../../lib/storage/merkle.ts";
import { MemoryObjectStore } from "../../../../../lib/storage/object-store.ts";

export const CHAIN_ID = 16602;
export const CONTRACT: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
export const VERIFIER: Address = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";
export const TOKEN_ID = 7n;
export const SEQUENCE = 3n;
export const NOW = 1_800_000_000n;
export const DEADLINE = NOW + 3600n;

export const wallet = (index: number) => new Wallet(developmentAccount(index).privateKey);
export const SELLER = wallet(1);
export const BUYER = wallet(2);
export const STRANGER = wallet(3);
/** Attestors have keys of their own, in tests the published ones. */
export const attestorOf = (index: number): AttestorKey => attestorKey(developmentAccount(index).privateKey);

type Account = Wallet | HDNodeWallet;

/** Other bytes in every call, the same in every run. */
export function countingBytes(name: string): RandomBytes {
  let calls = 0;
  return (length) => seededRandomBytes(new Uint8Array(32).fill(5), `${name}/${calls++}`)(length);
}

export interface OldDatum {
  readonly plaintext: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly dataHash: Hex;
  readonly dataKey: Uint8Array;
}

/** Data as a mint makes them: bound to a salt, as of a token whose id was not known. */
export function oldData(count: number, token: Hex = `0x${"5a".repeat(32)}`): OldDatum[] {
  const randomBytes = countingBytes(`old data ${token}`);
  return Array.from({ length: count }, (_, index) => {
    const plaintext = new TextEncoder().encode(`private datum ${index}`);
    const place = { chainId: CHAIN_ID, contract: CONTRACT, token, index };
    const { envelope, dataKey } = encryptData(plaintext, place, randomBytes);
    return { plaintext, ciphertext: envelope, dataHash: storageRoot(envelope), dataKey };
  });
}

/** What tests change of the chain. */
export interface FakeChain {
  now: bigint;
  owner: Address;
  sequence: bigint;
  dataHashes: readonly Hex[];
  exists: boolean;
  verifier: Address | undefined;
  attestors: Set<Address>;
  delegates: Map<Address, Address>;
  /** Accounts whose contract takes every signature. */
  agreeable: Set<Address>;
}

export function fakeChain(state: FakeChain, asked: string[] = []): AttestorChain {
  const note = <T>(what: string, answer: T): Promise<T> => {
    asked.push(what);
    return Promise.resolve(answer);
  };
  return {
    now: async () => note("now", state.now),
    verifierOf: async (contract) => note("verifier", contract === CONTRACT ? state.verifier : undefined),
    isAttestor: async (verifier, attestor) =>
      note(`attestor ${attestor}`, verifier === state.verifier && state.attestors.has(attestor)),
    tokenOf: async (contract, tokenId) => {
      const { owner, sequence, dataHashes } = state;
      const there = state.exists && contract === CONTRACT && tokenId === TOKEN_ID;
      return note("token", there ? { owner, sequence, dataHashes } : undefined);
    },
    accessOf: () => ({
      delegateOf: async (receiver) => note("delegate", state.delegates.get(receiver)),
      isValidSignature: async (account) => note(`erc1271 ${account}`, state.agreeable.has(account)),
    }),
  };
}

export interface AskOptions {
  readonly access?: AccessProof;
  readonly seller?: Account;
  /** Of the attestor asked. */
  readonly attestor?: AttestorKey;
  readonly change?: Partial<AttestorRequest>;
  /** For these bytes the boxes are sealed, in place of the request's own digest. */
  readonly digest?: Hex;
}

/** A token of the seller with `count` data, an attestor its verifier lists, and everything a test wants to turn. */
export function openAttestation({ count = 1, token }: { count?: number; token?: Hex } = {}) {
  const data = oldData(count, token);
  const key = attestorOf(10);
  const state: FakeChain = {
    now: NOW,
    owner: checksum(SELLER.address),
    sequence: SEQUENCE,
    dataHashes: data.map(({ dataHash }) => dataHash),
    exists: true,
    verifier: VERIFIER,
    attestors: new Set([key.address]),
    delegates: new Map(),
    agreeable: new Set(),
  };
  const asked: string[] = [];
  const lines: string[] = [];
  /** Every use of the attestor's private key or of a random seed, in order: empty until all checks have passed. */
  const touched: string[] = [];

  function contextOf(own: AttestorKey = key, limits: Partial<AttestorLimits> = {}): AttestorContext {
    const random = countingBytes(`attestor ${own.address}`);
    return {
      chainId: CHAIN_ID,
      key: watched(own, touched),
      chain: fakeChain(state, asked),
      objects: new MemoryObjectStore(),
      randomBytes: (length) => {
        touched.push("randomness");
        return random(length);
      },
      limits: { ...DEFAULT_ATTESTOR_LIMITS, ...limits },
      log: (line) => lines.push(line),
    };
  }

  async function accept(changes: Partial<AccessMessage> = {}, signer: Account = BUYER): Promise<AccessProof> {
    return signAccessProof(
      signer,
      { chainId: CHAIN_ID, contract: CONTRACT },
      {
        action: "transfer",
        tokenId: TOKEN_ID,
        sequence: SEQUENCE,
        to: checksum(BUYER.address),
        deadline: DEADLINE,
        oldDataHashes: state.dataHashes,
        newDataHashes: openHashes(state.dataHashes.length),
        encryptedPubKey: "0x",
        ...changes,
      },
    );
  }

  async function request(options: AskOptions = {}): Promise<AttestorRequest> {
    const { seller = SELLER, attestor = key } = options;
    const access = options.access ?? (await accept());
    const { domain, types, message } = requestTypedData(access);
    const digest = options.digest ?? requestDigest(access);
    const randomBytes = countingBytes("seller");
    return {
      access,
      signature: (await seller.signTypedData(domain, types, message)) as Hex,
      boxes: data.map(({ dataKey }, index) =>
        sealForAttestor(dataKey, fromHex(attestor.publicKey), digest, index, randomBytes),
      ),
      ciphertexts: data.map(({ ciphertext }) => ciphertext),
      peers: [],
      ...options.change,
    };
  }

  return { data, key, state, asked, lines, touched, context: contextOf(), contextOf, accept, request };
}

export type Attestation = ReturnType<typeof openAttestation>;

function watched(key: AttestorKey, touched: string[]): AttestorKey {
  return {
    address: key.address,
    publicKey: key.publicKey,
    get privateKey() {
      touched.push("private key");
      return key.privateKey;
    },
    sign: (digest) => {
      touched.push("signature");
      return key.sign(digest);
    },
  };
}

/** An element that must be there. */
export function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new Error(`no element ${index} of ${list.length}`);
  return element;
}

/** The private key of a wallet, as bytes. */
export function privateKeyOf({ privateKey }: Account): Uint8Array {
  return fromHex(privateKey as Hex);
}

/** X and Y of an account's public key. */
export function xyOf(account: Account): Hex {
  return `0x${account.signingKey.publicKey.slice(4)}`;
}

/** What `work` fails with. Whether it is of this project is for the test to say: by its code. */
export async function caught(work: Promise<unknown>): Promise<ZgError> {
  try {
    await work;
  } catch (error) {
    return error as ZgError;
  }
  throw new Error("nothing failed");
}

export { tokenBytes };
