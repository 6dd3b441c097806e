/** What every operation of the iNFT uses, on the embedded network. */

import { randomBytes } from "node:crypto";

import { Wallet, ZeroAddress, hexlify, sha256 } from "ethers";

import type { network } from "hardhat";

import { checksum } from "../../../lib/hex.ts";
import { COLLECTION } from "../../../lib/inft/collection.ts";
import { signedText } from "../../../lib/protocol/signed-text.ts";
import { proofMaker } from "../../../test/contracts/support/token-proofs.ts";
import { GasMeter, deploymentGas } from "./measure.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

const USERS = 98;
const ROTATION_DELAY = 0n;
const VALID_UNTIL = 4_000_000_000n; // Unix seconds
/** 32 characters, as the published figures have them. */
const descriptions = (count: number) =>
  Array.from({ length: count }, (_, i) => `description number ${i} of a datum`.slice(0, 32));

const random = (bytes: number) => hexlify(randomBytes(bytes));
const keys = (count: number) => Array.from({ length: count }, () => random(129));
const datas = (texts: readonly string[]) => texts.map((dataDescription) => ({ dataDescription, dataHash: random(32) }));

/** A token contract with a verifier of its own, and what is needed to move its tokens. */
async function deploy(
  connection: Connection,
  verifierName: "TransferVerifier" | "FinalVerifier__MockForINFT",
  required: number,
) {
  const { ethers, galileo } = connection;
  const [deployer] = await ethers.getSigners();
  if (deployer === undefined) throw new Error("the network has no account");
  const attestors = Array.from({ length: 3 }, () => new Wallet(random(32)));
  const verifier = await ethers.deployContract(verifierName, [
    deployer.address,
    BigInt(required),
    ROTATION_DELAY,
    attestors.map(({ address }) => ({ attestor: address, validUntil: VALID_UNTIL, endpoint: "" })),
  ]);
  const inft = await ethers.deployContract("INFT", [
    COLLECTION.name,
    COLLECTION.symbol,
    galileo.network.contracts.inferenceServing,
    await verifier.getAddress(),
    ZeroAddress,
    0n,
  ]);
  const place = {
    chainId: Number((await ethers.provider.getNetwork()).chainId),
    contract: checksum(await inft.getAddress()),
  };
  const proofs = proofMaker(inft, place, attestors.slice(0, required));
  for (const count of [1, 3]) await inft.registerSchema(descriptions(count));

  /** Mints a token with known descriptions and returns its id. */
  async function mint(to: string, count: number): Promise<bigint> {
    const data = datas(descriptions(count));
    const tokenId = await inft.mint.staticCall(data, to);
    await inft.mint(data, to);
    return tokenId;
  }
  return { verifier, inft, proofs, mint, deployer: deployer.address };
}

/** A wallet that owns a token already, so that a further one changes a balance instead of making one. */
async function holderOf({ mint }: Awaited<ReturnType<typeof deploy>>): Promise<Wallet> {
  const holder = new Wallet(random(32));
  await mint(holder.address, 0);
  return holder;
}

async function measureMints(connection: Connection, meter: GasMeter): Promise<void> {
  const token = await deploy(connection, "TransferVerifier", 1);
  const { inft } = token;
  const holder = await holderOf(token);
  let unknown = 0;
  const texts = (count: number) =>
    Array.from({ length: count }, () => `an unknown description, ${unknown++}`.padEnd(32).slice(0, 32));

  await meter.note("mint 1, known description", inft.mint(datas(descriptions(1)), holder.address));
  await meter.note(
    "mint 1, known description, with keys",
    inft.mintWithKeys(datas(descriptions(1)), keys(1), holder.address),
  );
  await meter.note(
    "mint 1, known description, new holder",
    inft.mint(datas(descriptions(1)), new Wallet(random(32)).address),
  );
  await meter.note("mint 1, new description", inft.mint(datas(texts(1)), holder.address));
  await meter.note("mint 1, new description, new holder", inft.mint(datas(texts(1)), new Wallet(random(32)).address));
  await meter.note("mint 3, known descriptions", inft.mint(datas(descriptions(3)), holder.address));
  await meter.note("mint 3, new descriptions", inft.mint(datas(texts(3)), holder.address));
  const items = Array.from({ length: 10 }, () => ({
    datas: datas(descriptions(1)),
    sealedKeys: keys(1),
    to: holder.address,
  }));
  await meter.note("mintBatch of 10, each", inft.mintBatch(items), 10n);
}

async function measureTransfers(connection: Connection, meter: GasMeter): Promise<void> {
  const token = await deploy(connection, "TransferVerifier", 1);
  const { inft, proofs, mint, deployer } = token;
  const holder = await holderOf(token);
  const transfer = async (count: number, to: Wallet) => {
    const tokenId = await mint(deployer, count);
    return inft.iTransfer(to.address, tokenId, await proofs({ tokenId, to }));
  };
  await meter.note("iTransfer 1", transfer(1, holder));
  await meter.note("iTransfer 1, new holder", transfer(1, new Wallet(random(32))));
  await meter.note("iTransfer 3", transfer(3, holder));

  const shared = await mint(deployer, 1);
  for (let i = 0; i < USERS; i += 49) {
    await inft.batchAuthorizeUsage(
      shared,
      Array.from({ length: 49 }, () => new Wallet(random(32)).address),
    );
  }
  const toHolder = await proofs({ tokenId: shared, to: holder });
  await meter.note("iTransfer 1, 98 users", inft.iTransfer(holder.address, shared, toHolder));

  for (const count of [1, 3]) {
    const tokenId = await mint(deployer, count);
    const cloning = await proofs({ tokenId, to: holder, action: "clone" });
    await meter.note(`iClone ${count}`, inft.iClone(holder.address, tokenId, cloning));
  }
  const batch = [];
  for (let i = 0; i < 10; i++) {
    const tokenId = await mint(deployer, 1);
    batch.push({ to: holder.address, tokenId, proofs: await proofs({ tokenId, to: holder }) });
  }
  await meter.note("iTransferBatch of 10, each", inft.iTransferBatch(batch), 10n);

  const staged = await mint(deployer, 1);
  await meter.note(
    "stageTransfer 1",
    inft.stageTransfer(holder.address, staged, await proofs({ tokenId: staged, to: holder })),
  );
  await meter.note("transferFrom, completes a staged 1", inft.transferFrom(deployer, holder.address, staged));
  await meter.note("transferFrom, no data", inft.transferFrom(deployer, holder.address, await mint(deployer, 0)));
  await meter.note("approve", inft.approve(holder.address, await mint(deployer, 1)));
  await meter.note("burn 1", inft.burn(await mint(deployer, 1)));

  for (const [attestors, name] of [
    [2, "iTransfer 1, 2 attestors"],
    [3, "iTransfer 1, 3 attestors"],
  ] as const) {
    const several = await deploy(connection, "TransferVerifier", attestors);
    const to = await holderOf(several);
    const tokenId = await several.mint(deployer, 1);
    await meter.note(name, several.inft.iTransfer(to.address, tokenId, await several.proofs({ tokenId, to })));
  }

  const final = await deploy(connection, "FinalVerifier__MockForINFT", 1);
  const to = await holderOf(final);
  for (const count of [1, 3]) {
    const tokenId = await final.mint(deployer, count);
    const transferring = final.inft.iTransfer(to.address, tokenId, await final.proofs({ tokenId, to }));
    await meter.note(`iTransfer ${count}, Final's entry`, transferring);
  }
}

async function measureUse(connection: Connection, meter: GasMeter): Promise<void> {
  const { inft, mint, deployer } = await deploy(connection, "TransferVerifier", 1);
  const tokenId = await mint(deployer, 1);
  const users = Array.from({ length: 100 }, () => new Wallet(random(32)).address);
  const user = (i: number) => users[i] ?? ZeroAddress;
  await meter.note("authorizeUsage, first", inft.authorizeUsage(tokenId, user(0)));
  await inft.batchAuthorizeUsage(tokenId, users.slice(1, 9));
  await meter.note("authorizeUsage, 10th", inft.authorizeUsage(tokenId, user(9)));
  await inft.batchAuthorizeUsage(tokenId, users.slice(10, 99));
  await meter.note("authorizeUsage, 100th", inft.authorizeUsage(tokenId, user(99)));
  const ten = Array.from({ length: 10 }, () => new Wallet(random(32)).address);
  await meter.note("batchAuthorizeUsage of 10, each", inft.batchAuthorizeUsage(tokenId, ten), 10n);
  await meter.note("revokeAuthorization, middle of 100", inft.revokeAuthorization(tokenId, user(50)));
  await meter.note("clearAuthorizedUsers", inft.clearAuthorizedUsers(tokenId));
  await meter.note("delegateAccess", inft.delegateAccess(user(0)));

  for (const count of [1, 3]) {
    const held = await mint(deployer, count);
    await meter.note(`update ${count}`, inft["update(uint256,(string,bytes32)[])"](held, datas(descriptions(count))));
    const hashes = descriptions(count).map(() => random(32));
    await meter.note(`updateHashes ${count}`, inft.updateHashes(held, hashes, []));
  }
}

async function measureInferences(connection: Connection, meter: GasMeter): Promise<void> {
  const tee = new Wallet(random(32));
  const provider = await connection.galileo.registerProvider({ teeWallet: tee });
  const { inft, mint, deployer } = await deploy(connection, "TransferVerifier", 1);
  await mint(deployer, 0); // a holder already

  /** A result the provider's TEE signed, ready to be minted. */
  async function result(request: Uint8Array = randomBytes(32)) {
    const [requestHash, responseHash] = [sha256(request), sha256(randomBytes(32))];
    const claim = {
      provider: provider.address,
      requestHash,
      responseHash,
      signature: await tee.signMessage(signedText(requestHash.slice(2), responseHash.slice(2))),
      chatId: "chatcmpl-6b1f9a52-7d0e-4b33-9a53-0c8f2a7d1e44",
      mode: 3,
    };
    return { claim, datas: datas(["application/vnd.0g.inference"]), sealedKeys: keys(1), salt: random(32) };
  }
  async function committed(name: string): Promise<void> {
    const { claim, datas: held, sealedKeys, salt } = await result();
    const commitment = await inft.hashCommitment(deployer, claim, held, sealedKeys, deployer, salt);
    await meter.note(`commit, before ${name}`, inft.commit(commitment));
    await meter.note(name, inft.mintInference(claim, held, sealedKeys, deployer, salt));
  }
  await committed("mintInference, signer read live");
  await meter.note("syncSigner, first", inft.syncSigner(provider.address));
  await committed("mintInference, signer remembered");
  await meter.note("syncSigner, again", inft.syncSigner(provider.address));
  const open = await result();
  await meter.note("mintInferenceOpen", inft.mintInferenceOpen(open.claim, open.datas, open.sealedKeys, deployer));
  const body = `{"model":"a","user":"${deployer.toLowerCase()}","messages":[{"role":"user","content":"${"a word ".repeat(20)}"}]}`;
  const bound = await result(Buffer.from(body));
  const offset = body.indexOf('"user"');
  await meter.note(
    "mintInferenceBound, request of 240 bytes",
    inft.mintInferenceBound(bound.claim, bound.datas, bound.sealedKeys, deployer, Buffer.from(body), offset),
  );
}

async function measureFloor({ ethers }: Connection, meter: GasMeter): Promise<void> {
  const [owner, holder] = await ethers.getSigners();
  if (owner === undefined || holder === undefined) throw new Error("the network has too few accounts");
  const plain = await ethers.deployContract("ERC721__MockForGas");
  meter.add("plain ERC-721: deploy", await deploymentGas(plain));
  await meter.note("plain ERC-721: mint, new holder", plain.mint(owner.address, 1n));
  await meter.note("plain ERC-721: mint", plain.mint(owner.address, 2n));
  await meter.note("plain ERC-721: transferFrom, new holder", plain.transferFrom(owner.address, holder.address, 1n));
  await plain.mint(owner.address, 3n);
  await meter.note("plain ERC-721: transferFrom", plain.transferFrom(owner.address, holder.address, 2n));
  await meter.note("plain ERC-721: approve", plain.approve(holder.address, 3n));
}

/** Sends every operation once and returns what it used. */
export async function measureToken(connection: Connection): Promise<GasMeter> {
  const meter = new GasMeter();
  await measureFloor(connection, meter);
  const { inft, verifier } = await deploy(connection, "TransferVerifier", 1);
  const [token, checks] = [await deploymentGas(inft), await deploymentGas(verifier)];
  meter.add("deploy token, with its module", token);
  meter.add("deploy verifier, three attestors", checks);
  meter.add("deploy token and verifier", token + checks);
  await measureMints(connection, meter);
  await measureTransfers(connection, meter);
  await measureUse(connection, meter);
  await measureInferences(connection, meter);
  return meter;
}
