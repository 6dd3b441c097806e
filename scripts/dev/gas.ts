/**
 * Measures the gas of everything a run sends, on the embedded network, beside what the same calls cost on Galileo:
 * `npm run gas`; and of every operation of the iNFT, beside the floor (a plain ERC-721) and what others' contracts use. Prints
 * tables, writes gas-results.json. Exits with 1 when one of 0G's own calls is more than 2 % off, because then the embedded
 * network would not be the live one, and when the iNFT uses more than 2 % above the baseline.
 */

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { hexlify, Wallet, type ContractTransactionResponse } from "ethers";
import { network } from "hardhat";

import { format0g, parseAmount } from "../../lib/units.ts";
import { PUBLISHED } from "./gas/published.ts";
import { measureToken } from "./gas/token.ts";

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
const { galileo } = connection;

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

const token = await measureToken(connection);
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
const problems = off.map(({ call }) => `${call} is more than ${TOLERANCE_PERCENT} % off what it costs on Galileo`);

/** What the iNFT's operations used when the baseline was written; `npm run gas -- --update` writes it anew. */
const BASELINE = path.join(ROOT, "scripts/dev/gas/baseline.json");
const used = Object.fromEntries(token.measured.map(({ operation, gas }) => [operation, Number(gas)]));
if (process.argv.includes("--update")) writeFileSync(BASELINE, `${JSON.stringify(used, null, 2)}\n`);
const baseline = JSON.parse(readFileSync(BASELINE, "utf8")) as Readonly<Record<string, number>>;

const columns = ["gas", "baseline", "AgentNFT", "AgenticID", "Final"] as const;
const operationWidth = Math.max(...token.measured.map(({ operation }) => operation.length));
console.log(`\n${"iNFT".padEnd(operationWidth)}  ${columns.map((column) => column.padStart(9)).join("  ")}`);
for (const { operation, gas } of token.measured) {
  const before = baseline[operation];
  const { agentNft, agenticId, final } = PUBLISHED[operation] ?? {};
  const figures = [gas, before, agentNft, agenticId, final].map((figure) => String(figure ?? "").padStart(9));
  console.log(`${operation.padEnd(operationWidth)}  ${figures.join("  ")}`);
  if (before === undefined) problems.push(`${operation} is not in the baseline; write it with npm run gas -- --update`);
  else if (Number(gas) * 100 > before * (100 + Number(TOLERANCE_PERCENT))) {
    problems.push(`${operation} uses ${gas} gas, more than ${TOLERANCE_PERCENT} % above the ${before} of the baseline`);
  }
}

const calls = rows.map(({ call, gas, recorded }) => ({ call, gas: String(gas), recorded: recorded?.toString() }));
writeFileSync(path.join(ROOT, "gas-results.json"), `${JSON.stringify({ calls, inft: used }, null, 2)}\n`);
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);
