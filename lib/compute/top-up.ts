/** Keeps enough locked at a provider, by a policy that somebody asked for: never twice for one need, never beyond a cap. */

import type { WriteContext } from "../chain/context.ts";
import type { ConfirmedTransaction } from "../chain/send.ts";
import { UsageError } from "../errors.ts";
import { parseAddress, type Address } from "../hex.ts";
import type { Exclusively } from "../exclusively.ts";
import { parseAmount, withUnit } from "../units.ts";
import { InsufficientLedgerBalanceError, NoLedgerError, TopUpCapError, TopUpRefundError } from "./errors.ts";
import { readLedger, readLimits, readSubAccount, splitTransfer, transfer, userOf } from "./ledger.ts";
import type { HttpDeps } from "./provider-http.ts";
import { assertProviderSees, type Service } from "./providers.ts";
import type { Session } from "./session.ts";
import { assertCanBeOwed, fetchUnsettledFee } from "./unsettled-fee.ts";

/** When and how far to top a provider's sub-account up. Neuron; what is locked and not owed is what counts. */
export interface TopUpPolicy {
  /** Below this a top-up is due. */
  readonly floor: bigint;
  /** It is filled up to this. */
  readonly target: bigint;
  /** Most that all top-ups of one provider move in {@link CAP_WINDOW_MS}. */
  readonly cap: bigint;
}

/** A day: what the cap of a policy is over. Milliseconds. */
export const CAP_WINDOW_MS = 86_400_000;

/** One top-up that was made, for the count of the cap. */
export interface TopUpRecord {
  /** Unix milliseconds. */
  readonly at: number;
  readonly user: Address;
  readonly provider: Address;
  /** Neuron. */
  readonly amount: bigint;
}

/** Remembers top-ups across processes. Read and written under the lock only. */
export interface TopUpRecords {
  since(at: number, user: Address, provider: Address): Promise<readonly TopUpRecord[]>;
  /** Durable when it returns. */
  add(record: TopUpRecord): Promise<void>;
}

export interface TopUpDeps {
  readonly ctx: WriteContext;
  readonly session: Session;
  readonly http: HttpDeps;
  /** One top-up of a provider at a time, among all processes of this user. */
  readonly exclusively: Exclusively;
  readonly records: TopUpRecords;
  /** Lets a top-up cancel pending refunds; without, one that would is refused. */
  readonly cancelRefunds?: boolean;
  /** Asserts that the amount may leave the ledger, and counts it; called before anything is sent. */
  readonly allow?: (provider: Address, amount: bigint) => void;
  /** Unix milliseconds. */
  readonly clock?: () => number;
}

export type TopUpResult =
  /** Nothing was due. */
  | { readonly status: "enough"; readonly free: bigint }
  | {
      readonly status: "topped-up";
      /** Neuron that moved. */
      readonly amount: bigint;
      /** Of it, what cancelled a pending refund. */
      readonly fromRefund: bigint;
      /** Locked and not owed, afterwards. */
      readonly free: bigint;
      readonly transactions: readonly ConfirmedTransaction[];
    };

/**
 * Tops providers up by a policy. Whoever asks while a top-up is under way gets that one; what another process has just
 * done is seen, because the chain is read again once the lock is held.
 */
export class TopUps {
  readonly #deps: TopUpDeps;
  readonly #underWay = new Map<Address, Promise<TopUpResult>>();

  constructor(deps: TopUpDeps) {
    this.#deps = deps;
  }

  /**
   * Makes sure that no top-up is due at a provider. Sends `transferFund` when one is.
   * @param least what must be free, where that is more than the floor. Neuron.
   * @throws {TopUpCapError} {@link TopUpRefundError} {@link InsufficientLedgerBalanceError} {@link NoLedgerError} before
   *   anything is sent. {@link LockHeldError} {@link UnsettledFeeError}
   */
  async ensure(service: Pick<Service, "provider" | "url">, policy: TopUpPolicy, least = 0n): Promise<TopUpResult> {
    const { provider } = service;
    let underWay = this.#underWay.get(provider);
    if (underWay === undefined) {
      underWay = this.#deps
        .exclusively(`topping up ${provider}`, async () => this.#topUp(service, policy, least))
        .finally(() => this.#underWay.delete(provider));
      this.#underWay.set(provider, underWay);
    }
    return underWay;
  }

  async #topUp(service: Pick<Service, "provider" | "url">, policy: TopUpPolicy, least: bigint): Promise<TopUpResult> {
    const { ctx, session, http, records, clock = Date.now } = this.#deps;
    const { provider } = service;
    assertProviderSees(ctx.network, service);
    const user = await userOf(ctx);
    const subAccount = await readSubAccount(ctx, user, provider);
    const owed = subAccount?.acknowledged === true ? await fetchUnsettledFee({ ...http, session }, service) : 0n;
    assertCanBeOwed({ provider, claimed: owed, balance: subAccount?.balance ?? 0n });
    const free = (subAccount?.spendable ?? 0n) - owed;
    const needed = least > policy.floor ? least : policy.floor;
    if (free >= needed) return { status: "enough", free };

    const target = policy.target > needed ? policy.target : needed;
    const moved = (await records.since(clock() - CAP_WINDOW_MS, user, provider)).reduce((sum, r) => sum + r.amount, 0n);
    const left = policy.cap > moved ? policy.cap - moved : 0n;
    const amount = target - free < left ? target - free : left;
    if (free + amount < needed) throw new TopUpCapError({ provider, needed: needed - free, cap: policy.cap, moved });

    const { fromRefund, fromAvailable } = splitTransfer(subAccount, amount);
    if (fromRefund > 0n && this.#deps.cancelRefunds !== true) {
      throw new TopUpRefundError({ provider, amount, fromRefund });
    }
    const ledger = await readLedger(ctx, user);
    if (ledger === undefined) throw new NoLedgerError({ user, minimum: (await readLimits(ctx)).minAccountBalance });
    if (ledger.available < fromAvailable) {
      throw new InsufficientLedgerBalanceError({ available: ledger.available, required: fromAvailable, provider });
    }
    this.#deps.allow?.(provider, amount);
    // Written down first: a crash between the two counts against the cap, never for it.
    await records.add({ at: clock(), user, provider, amount });
    ctx.log?.(
      `topping up ${provider} with ${withUnit(amount)}: ${withUnit(free)} free there, floor ${withUnit(needed)}`,
    );
    const { transactions } = await transfer(ctx, { provider, amount });
    return { status: "topped-up", amount, fromRefund, free: free + amount, transactions };
  }
}

/** Policies by provider; the one without an address is everybody else's. */
export type TopUpPolicies = ReadonlyMap<Address | "*", TopUpPolicy>;

/** The policy that applies to a provider, if any does. */
export function policyFor(policies: TopUpPolicies, provider: Address): TopUpPolicy | undefined {
  return policies.get(provider) ?? policies.get("*");
}

const EXAMPLE = "Give floor:target:cap in 0G, such as 1.5:3:10; for one provider 0x…=1.5:3:10; several with commas.";

/**
 * Parses `1.5:3:10` or `0x…=1.5:3:10`, several with commas between them.
 * @throws {UsageError} when it is none, or when floor, target and cap contradict each other.
 * @example parseTopUpPolicies("1.5:3:10").get("*") // { floor: 15n * 10n ** 17n, target: 3n * 10n ** 18n, … }
 */
export function parseTopUpPolicies(text: string): TopUpPolicies {
  const policies = new Map<Address | "*", TopUpPolicy>();
  for (const entry of text.split(",")) {
    const equals = entry.indexOf("=");
    const who = equals < 0 ? "*" : parseAddress(entry.slice(0, equals).trim(), "provider");
    const amounts = entry.slice(equals + 1).split(":");
    const [floor, target, cap] = amounts.map((amount) => parseAmount(amount, "top-up"));
    if (floor === undefined || target === undefined || cap === undefined || amounts.length > 3) {
      throw refused(entry, "is not floor:target:cap");
    }
    if (target <= floor) throw refused(entry, "has a target that is not above its floor");
    if (cap < target - floor) throw refused(entry, "has a cap that not even one top-up fits");
    if (policies.has(who)) throw refused(entry, "is the second one for the same provider");
    policies.set(who, { floor, target, cap });
  }
  return policies;
}

function refused(entry: string, problem: string): UsageError {
  return new UsageError({
    message: `The top-up policy ${JSON.stringify(entry)} ${problem}`,
    remedy: EXAMPLE,
    details: { topUp: entry },
  });
}
