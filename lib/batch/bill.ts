/** What a batch is about to cost at worst, and how the money for all of it moves once. */

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { currentFees } from "../chain/fees.ts";
import type { ConfirmedTransaction } from "../chain/send.ts";
import { acknowledge } from "../compute/acknowledge.ts";
import { fundingNeed, type FundingNeed } from "../compute/funding.ts";
import { deposit, readSubAccount, transfer } from "../compute/ledger.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { Service } from "../compute/providers.ts";
import type { Session } from "../compute/session.ts";
import { assertPlanned, type Bill, type BillRow } from "../flow/bill.ts";
import { batchCommitGas, batchMintGas, batchStoreGas, GAS_BOUNDS, mintGas } from "../flow/gas.ts";
import type { Address } from "../hex.ts";
import type { ClaimMode } from "../inft/claim.ts";
import { BATCH_LIMIT } from "../inft/mint-batch.ts";
import { PROVIDER_MINIMUM_RESERVE } from "../protocol/constants.ts";
import { readPricePerSector } from "../storage/flow.ts";
import { shapeOf } from "../storage/merkle.ts";
import { withUnit } from "../units.ts";
import { itemBound, requestOf } from "./ask-items.ts";
import type { BatchItem } from "./items.ts";

export interface BillContext {
  readonly read: ReadContext;
  readonly owner: Address;
  readonly claim: ClaimMode;
  readonly http: HttpDeps;
  readonly session?: Session;
}

export interface Work {
  /** Absent when nothing is left to ask. */
  readonly service?: Service;
  /** To be asked. */
  readonly open: readonly BatchItem[];
  /** To be minted, those to be asked among them; empty where nothing is minted. */
  readonly unminted: readonly BatchItem[];
  readonly stores: boolean;
}

/** Bytes of an answer's token in JSON, escapes included, from above. */
const TOKEN_BYTES = 64;
/** What a receipt holds beside request and response, which it holds in base64 and once more as text. */
const RECEIPT_BYTES = 32_768;
const RECEIPT_FACTOR = 4;

/** The rows of a batch's bill. Reads only; signs at most a session token, to ask what the provider has not collected. */
export async function batchRows(ctx: BillContext, { service, open, unminted, stores }: Work): Promise<BillRow[]> {
  const { maxFeePerGas } = await currentFees(ctx.read);
  const gas = (what: string, amount: bigint): BillRow => {
    return { what: `gas to ${what}`, amount: amount * maxFeePerGas, from: "wallet", note: `up to ${amount} gas` };
  };
  const rows: BillRow[] = [];
  if (service !== undefined && open.length > 0) {
    const fees = feesAtMost(open, service, ctx);
    rows.push(...fundingRows(await fundingOf(ctx, service, fees), fees, gas));
    const what = `${open.length} answers of ${service.model}`;
    rows.push({ what, amount: fees, from: "fee", note: "at most, out of the sub-account" });
  }
  if (unminted.length === 0) return rows;
  if (stores) rows.push(...(await storageRows(ctx, unminted, gas)));
  rows.push(...mintRows(ctx, unminted, gas));
  return rows;
}

function feesAtMost(items: readonly BatchItem[], service: Service, who: Pick<BillContext, "claim" | "owner">): bigint {
  return items.reduce((sum, item) => sum + itemBound(item, service, who), 0n);
}

async function fundingOf(ctx: BillContext, service: Service, fees: bigint): Promise<FundingNeed> {
  const asking = { http: ctx.http, ...(ctx.session === undefined ? {} : { session: ctx.session }) };
  return fundingNeed(ctx.read, ctx.owner, service, { ...asking, expectedFee: fees });
}

type GasRow = (what: string, gas: bigint) => BillRow;

function fundingRows(need: FundingNeed, fees: bigint, gas: GasRow): BillRow[] {
  const { depositNeeded, transferNeeded, fromRefund, ledger, subAccount, unsettled } = need;
  const rows: BillRow[] = [];
  if (depositNeeded > 0n) {
    const what = ledger === undefined ? "open the ledger" : "deposit into the ledger";
    rows.push({ what, amount: depositNeeded, from: "deposit", note: "wallet to ledger, refundable" });
    rows.push(gas(what, ledger === undefined ? GAS_BOUNDS.openLedger : GAS_BOUNDS.deposit));
  }
  if (transferNeeded === 0n) return rows;
  const owed = unsettled === 0n ? "" : `; ${withUnit(unsettled)} for past answers`;
  const cancelled = fromRefund === 0n ? "" : `; cancels a pending refund of ${withUnit(fromRefund)}`;
  rows.push({
    what: "transfer to the provider",
    amount: transferNeeded - fromRefund,
    from: "transfer",
    note: `refundable: ${withUnit(fees)} for the answers, and ${withUnit(PROVIDER_MINIMUM_RESERVE)} it wants locked beyond${owed}${cancelled}`,
  });
  rows.push(gas("transfer", subAccount === undefined ? GAS_BOUNDS.openSubAccount : GAS_BOUNDS.transfer));
  return rows;
}

/** Sizes of the transactions that take so many items, as many at once as fit. */
function groups(items: number): number[] {
  const full = Math.floor(items / BATCH_LIMIT);
  const rest = items % BATCH_LIMIT;
  return [...Array.from({ length: full }, () => BATCH_LIMIT), ...(rest === 0 ? [] : [rest])];
}

function sumOf(sizes: readonly number[], gas: (size: number) => bigint): bigint {
  return sizes.reduce((sum, size) => sum + gas(size), 0n);
}

function mintRows({ claim, owner }: BillContext, items: readonly BatchItem[], gas: GasRow): BillRow[] {
  if (claim === "commit") {
    const sizes = groups(items.length);
    return [
      gas(`commit to ${items.length} mints, ${sizes.length} transactions`, sumOf(sizes, batchCommitGas)),
      gas(
        `mint ${items.length} items, ${sizes.length} transactions`,
        sumOf(sizes, batchMintGas) + GAS_BOUNDS.syncSigner,
      ),
    ];
  }
  const bytes = (item: BatchItem) =>
    claim === "bound"
      ? requestOf(item, LONGEST_MODEL, { claim, owner, random: (size) => new Uint8Array(size) }).length
      : 0;
  const all = items.reduce((sum, item) => sum + mintGas(bytes(item)), 0n);
  return [gas(`mint ${items.length} items, a transaction each`, all)];
}

const LONGEST_MODEL = "m".repeat(256);

async function storageRows({ read }: BillContext, items: readonly BatchItem[], gas: GasRow): Promise<BillRow[]> {
  const who = {
    claim: "commit",
    owner: read.network.contracts.storageFlow,
    random: (size: number) => new Uint8Array(size),
  } as const;
  const sectors = items.reduce((sum, item) => {
    const exchanged = requestOf(item, LONGEST_MODEL, who).length + item.maxTokens * TOKEN_BYTES;
    return sum + shapeOf(RECEIPT_BYTES + RECEIPT_FACTOR * exchanged).paddedChunks;
  }, 0);
  const amount = BigInt(sectors) * (await readPricePerSector(read));
  const what = `store ${items.length} results`;
  const sizes = groups(items.length);
  return [
    { what, amount, from: "storage", note: `for up to ${sectors} sectors; 0G Storage refunds nothing` },
    gas(`${what}, ${sizes.length} transactions`, sumOf(sizes, batchStoreGas)),
  ];
}

/**
 * Makes sure that the provider would serve all open items: deposit, transfer, acknowledgement, as far as they are needed.
 * @returns what was transferred, in neuron.
 * @throws {PlanExceededError} when more is needed now than the plan said.
 */
export async function fundBatch(
  ctx: BillContext & { readonly write: WriteContext; readonly onSent: (transaction: ConfirmedTransaction) => void },
  service: Service,
  plan: Bill,
): Promise<bigint> {
  const { write, owner, read, onSent } = ctx;
  const { provider } = service;
  const fees = plan.rows.filter(({ from }) => from === "fee").reduce((sum, { amount }) => sum + amount, 0n);
  const need = await fundingOf(ctx, service, fees);
  if (need.depositNeeded > 0n) {
    assertPlanned(plan, "deposit", need.depositNeeded, "deposit into the ledger");
    (await deposit(write, need.depositNeeded)).transactions.forEach(onSent);
  }
  if (need.transferNeeded > 0n) {
    assertPlanned(plan, "transfer", need.transferNeeded - need.fromRefund, `transfer to ${provider}`);
    (await transfer(write, { provider, amount: need.transferNeeded })).transactions.forEach(onSent);
  }
  const account = await readSubAccount(read, owner, provider);
  if (account?.acknowledged !== true) (await acknowledge(write, provider)).transactions.forEach(onSent);
  return need.transferNeeded;
}
