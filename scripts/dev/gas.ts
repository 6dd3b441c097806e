/**
 * Measures the gas of everything a run sends, on the embedded network, beside what the same calls cost on Galileo:
 * `npm run gas`. Prints a table, writes gas-results.json. Exits with 1 when one of 0G's own calls is more than 2 % off,
 * because then the embedded network would not be the live one.
 */

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { hexlify, keccak256, sha256, Wallet, ZeroAddress, type ContractTransactionResponse } from "ethers";
import { network } from "hardhat";

import { COLLECTION } from "../../lib/inft/collection.ts";
import { signedText } from "../../lib/protocol/signed-text.ts";
import { format0g, parseAmount } from "../../lib/units.ts";

interface Row {
  readonly call: string;
  readonly gas: bigint;
  /** What the recorded bytecode costs on Galileo (gas of the same kind of transaction). */
  readonly recorded?: bigint;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SERVICE = "inference-v1.0";
/** The prebuilt proxies placed on the embedded network cost up to 160 gas more a call; refund arithmetic varies a little. */
const TOLERANCE_PERCENT = 2n;
const GAS_PRICE = 2_000_000_007n; // the floor tip and Galileo's idle base fee, in wei

const rows: Row[] = [];

async function measure(call: string, sent: Promise<ContractTransactionResponse>, recorded?: bigint): Promise<void> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error(`${call} has no receipt`);
  rows.push({ call, gas: receipt.gasUsed, ...(recorded === undefined ? {} : { recorded }) });
}

const connection = await network.create("default");
const { ethers, galileo } = connection;

const tee = new Wallet(hexlify(randomBytes(32)));
const provider = await galileo.registerProvider({ teeWallet: tee });
const warmUp = await galileo.fundedUser();
const user = await galileo.fundedUser();
const ledger = galileo.contracts.ledgerManager;
const inference = galileo.contracts.inferenceServing.connect(user.signer);

// The first ever user pays for slots that every later one finds; the recorded figures are of a later one, too.
await ledger.connect(warmUp.signer).depositFund({ value: parseAmount("1") });
await ledger.connect(warmUp.signer).transferFund(provider.address, SERVICE, parseAmount("0.1"));

const own = ledger.connect(user.signer);
await measure("LedgerManager.depositFund, new ledger", own.depositFund({ value: parseAmount("3") }));
await measure("LedgerManager.depositFund, again", own.depositFund({ value: parseAmount("1") }), 53_748n);
await measure(
  "LedgerManager.transferFund, new sub-account",
  own.transferFund(provider.address, SERVICE, parseAmount("1")),
  405_000n,
);
await measure(
  "LedgerManager.transferFund, again",
  own.transferFund(provider.address, SERVICE, parseAmount("0.5")),
  93_590n,
);
await measure("InferenceServing.acknowledgeTEESigner", inference.acknowledgeTEESigner(provider.address, true), 37_384n);
await measure("InferenceServing.revokeToken", inference.revokeToken(provider.address, 7), 58_633n);
await measure("InferenceServing.revokeAllTokens", inference.revokeAllTokens(provider.address), 59_221n);
await measure("LedgerManager.retrieveFund, request", own.retrieveFund([provider.address], SERVICE), 211_990n);
await measure("LedgerManager.retrieveFund, too early", own.retrieveFund([provider.address], SERVICE), 111_414n);
// What the next calls clear, and so are given back gas for, depends on what came before: no one figure to compare.
await galileo.passLock();
await measure("LedgerManager.retrieveFund, unlocked", own.retrieveFund([provider.address], SERVICE));
await measure("LedgerManager.refund, part", own.refund(parseAmount("1")), 59_423n);
await measure("LedgerManager.refund, all", own.refund((await ledger.getLedger(user.address)).availableBalance));

const serving = galileo.network.contracts.inferenceServing;
const factory = await ethers.getContractFactory("INFT", user.signer as never);
const verifier = await ethers.deployContract("TransferVerifier", [user.address, 1n, 0n, []]);
const inft = await factory.deploy(COLLECTION.name, COLLECTION.symbol, serving, verifier, ZeroAddress, 0n);
const deployment = await inft.deploymentTransaction()?.wait();
if (deployment == null) throw new Error("the iNFT was not deployed");
rows.push({ call: "INFT, deployment", gas: deployment.gasUsed });

/** A result the provider's TEE signed, ready to be minted. */
async function result() {
  const [requestHash, responseHash] = [sha256(randomBytes(32)), sha256(randomBytes(32))];
  const claim = {
    provider: provider.address,
    requestHash,
    responseHash,
    signature: await tee.signMessage(signedText(requestHash.slice(2), responseHash.slice(2))),
    chatId: "chatcmpl-6b1f9a52-7d0e-4b33-9a53-0c8f2a7d1e44",
    mode: 3,
  };
  const datas = [{ dataDescription: "application/vnd.0g.inference+sealed", dataHash: keccak256(randomBytes(32)) }];
  return { claim, datas, sealedKeys: [hexlify(randomBytes(129))], salt: hexlify(randomBytes(32)) };
}

for (const which of ["first", "again"]) {
  const { claim, datas, sealedKeys, salt } = await result();
  const commitment = await inft.hashCommitment(user.address, claim, datas, sealedKeys, user.address, salt);
  await measure(`INFT.commit, ${which}`, inft.commit(commitment));
  await measure(`INFT.mintInference, ${which}`, inft.mintInference(claim, datas, sealedKeys, user.address, salt));
}
for (const which of ["first", "again"]) {
  const { datas } = await result();
  await measure(`INFT.mint, ${which}`, inft.mint(datas, user.address));
}

await connection.close();

/** Difference to the recorded figure, in tenths of a percent. */
function permille({ gas, recorded }: Row): bigint | undefined {
  return recorded === undefined ? undefined : ((gas - recorded) * 1_000n) / recorded;
}

const absolute = (value: bigint) => (value < 0n ? -value : value);
const off = rows.filter((row) => absolute(permille(row) ?? 0n) > TOLERANCE_PERCENT * 10n);

const width = Math.max(...rows.map(({ call }) => call.length));
console.log(
  `${"call".padEnd(width)}  ${"gas".padStart(9)}  ${"Galileo".padStart(9)}  ${"off by".padStart(7)}  0G at the floor tip`,
);
for (const row of rows) {
  const difference = permille(row);
  const tenths =
    difference === undefined
      ? ""
      : `${difference < 0n ? "-" : ""}${absolute(difference) / 10n}.${absolute(difference) % 10n} %`;
  const recorded = row.recorded?.toString() ?? "";
  const cost = format0g(row.gas * GAS_PRICE);
  console.log(
    `${row.call.padEnd(width)}  ${String(row.gas).padStart(9)}  ${recorded.padStart(9)}  ${tenths.padStart(7)}  ${cost}`,
  );
}
const printable = rows.map(({ call, gas, recorded }) => ({ call, gas: String(gas), recorded: recorded?.toString() }));
writeFileSync(path.join(ROOT, "gas-results.json"), `${JSON.stringify(printable, null, 2)}\n`);
for (const { call } of off) console.error(`${call} is more than ${TOLERANCE_PERCENT} % off what it costs on Galileo`);
process.exit(off.length === 0 ? 0 : 1);
