/** Takes items from the queue to a proven answer, several at a time. Whoever does this needs a session, and no key. */

import type { Log, ReadContext } from "../chain/context.ts";
import {
  ChatIdMissingError,
  ProviderRefusedError,
  ProviderDownError,
  RateLimitedError,
  RedirectRefusedError,
  RequestTooLargeError,
  ResponseCutError,
  ResponseMalformedError,
  ResponseTooLargeError,
} from "../compute/errors.ts";
import { buildChatRequest, chat, estimateFee, fetchSignature, type InferenceResult } from "../compute/inference.ts";
import { neverReached, type HttpDeps } from "../compute/provider-http.ts";
import { readService, type Service } from "../compute/providers.ts";
import { beyondRequest } from "../compute/measure-bounds.ts";
import { proved, receiptBytes, unprovedAnswer, type Receipt, type UnprovedAnswer } from "../compute/receipt.ts";
import { serviceRequest, type RandomSource } from "../compute/service-request.ts";
import type { Session } from "../compute/session.ts";
import type { Verification } from "../compute/verify.ts";
import { AbortedError, EXIT, ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import type { ClaimMode } from "../inft/claim.ts";
import { TermsChangedError } from "../guards/errors.ts";
import { assertSameTerms } from "../guards/terms.ts";
import { BatchFailingError, BatchProviderError } from "./errors.ts";
import type { BatchItem } from "./items.ts";
import { answerOf, itemOf, type Assignment, type BatchQueue, type ItemRow } from "./queue.ts";
import { Slots } from "./slots.ts";
import { doneHere, type Arithmetic } from "./thread-tasks.ts";
import { Waiters } from "./waiters.ts";

export interface AskingDeps {
  readonly queue: BatchQueue;
  readonly read: ReadContext;
  readonly session: Session;
  /** Without a signal: a request that was sent is waited for, because it is paid for. */
  readonly http: HttpDeps;
  readonly random: RandomSource;
  /** Where signatures are checked and answers sealed. Default: in this thread. */
  readonly arithmetic?: Arithmetic;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly owner: Address;
  readonly genesisHash: Hex;
  readonly claim: ClaimMode;
  readonly assignment: Assignment;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly log: Log;
  /** No further item is taken from then on; those under way come to their end. */
  readonly signal?: AbortSignal;
  /** Told of every answer that was paid for, in neuron, and of every item that came to its end. */
  readonly onPaid?: (fee: bigint) => void;
  readonly onSettled?: () => void;
}

/** How long the provider's terms are believed. */
const TERMS_MS = 15_000;
/** How long to look away when there is nothing to take. */
const IDLE_MS = 200;
/** How many items are worked at a time for each request under way: most of them wait for what is written down of them. */
const MOST_PER_SLOT = 10;
const FAILURES_IN_A_ROW = 10;
const MOST_TRIES = 5;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 60_000;

/**
 * Asks and proves until no item is left to ask, the signal fires, or something stops the batch.
 * @returns what stopped it; undefined when nothing did.
 */
export async function askItems(deps: AskingDeps): Promise<ZgError | undefined> {
  return new Asking(deps).run();
}

class Asking {
  readonly #deps: AskingDeps;
  readonly #slots: Slots;
  readonly #active = new Set<Promise<void>>();
  readonly #moved = new Waiters();
  /** Taken, and not under way yet. */
  #prepared = 0;
  readonly #tries = new Map<number, number>();
  #service: Service | undefined;
  #readAt = 0;
  #reading: Promise<Service> | undefined;
  #failures = 0;
  #stopped: ZgError | undefined;
  #bug: unknown;

  constructor(deps: AskingDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.concurrency);
  }

  async run(): Promise<ZgError | undefined> {
    const { queue, concurrency } = this.#deps;
    while (this.#goesOn()) {
      // The next are written down while others are under way, and more are proved; each of it is bounded.
      if (this.#prepared >= 2 * concurrency || this.#active.size >= MOST_PER_SLOT * concurrency) {
        await this.#moved.wait(IDLE_MS);
        continue;
      }
      const row = await queue.take();
      if (row === undefined) {
        if (this.#active.size === 0 && (await this.#isOver())) break;
        await queue.changed(IDLE_MS);
        continue;
      }
      const work = this.#work(row).finally(() => {
        this.#active.delete(work);
        this.#moved.wake();
      });
      this.#active.add(work);
    }
    await Promise.all(this.#active);
    if (this.#bug !== undefined) throw this.#bug as Error;
    return this.#stopped;
  }

  #goesOn(): boolean {
    return this.#stopped === undefined && this.#bug === undefined && this.#deps.signal?.aborted !== true;
  }

  async #isOver(): Promise<boolean> {
    const { waiting, asked, answered } = await this.#deps.queue.counts();
    return waiting + asked + answered === 0;
  }

  async #work(row: ItemRow): Promise<void> {
    try {
      const answer = row.state === "answered" ? answerOf(row) : await this.#ask(row);
      if (answer !== undefined) await this.#prove(row, answer);
    } catch (error) {
      if (error instanceof ZgError) this.#stop(error);
      else this.#bug ??= error;
    }
  }

  #stop(error: ZgError): void {
    this.#stopped ??= error;
  }

  /** The provider as the chain lists it, on the terms of the plan. @throws {TermsChangedError} {@link BatchProviderError} */
  async #terms(): Promise<Service> {
    const { read, assignment, clock } = this.#deps;
    if (this.#service !== undefined && clock() - this.#readAt < TERMS_MS) return this.#service;
    this.#reading ??= readService(read, assignment.terms.provider).finally(() => {
      this.#reading = undefined;
    });
    const service = await this.#reading;
    assertSameTerms(assignment.terms, service);
    // Another worker may have found that it lies.
    const reason = (await this.#deps.queue.quarantined()).get(service.provider);
    if (reason !== undefined) throw await this.#left(service.provider, reason);
    this.#service = service;
    this.#readAt = clock();
    return service;
  }

  /** @returns the answer, once it is kept; undefined when there is none, which is written down, too. */
  async #ask(row: ItemRow): Promise<UnprovedAnswer | undefined> {
    const { queue, session, http, genesisHash, read } = this.#deps;
    const { seq } = row;
    let service: Service;
    let requestBytes: Uint8Array;
    try {
      service = await this.#terms();
      requestBytes = requestOf(itemOf(row), service.model, this.#deps);
      // Whatever keeps a token from being made shall fail before it is written down that something was asked.
      await session.header(service.provider);
    } catch (error) {
      await queue.putBack(seq, 0);
      throw error;
    }
    const worst = estimateFee(service, requestBytes, itemOf(row).maxTokens);
    const { provider } = service;
    this.#prepared += 1;
    try {
      if (!(await queue.advance(seq, "asked", { provider, worst: worst.toString() }))) return undefined;
      await this.#slots.enter();
    } finally {
      this.#prepared -= 1;
      this.#moved.wake();
    }
    let result: InferenceResult;
    try {
      if (!this.#goesOn()) {
        await this.#again(seq, 0);
        return undefined;
      }
      result = await chat({ ...http, session }, { service, requestBytes });
      this.#slots.served();
      this.#failures = 0;
    } catch (error) {
      await this.#unanswered(row, provider, error);
      return undefined;
    } finally {
      this.#slots.leave();
    }
    const answer = unprovedAnswer({ network: read.network, genesisHash, service, result });
    const { content } = answer;
    const { fee } = result.fee;
    const kept = { answer: JSON.stringify(answer), content, fee: fee.toString() };
    if (!(await queue.advance(seq, "answered", kept))) return undefined;
    this.#deps.onPaid?.(fee);
    return answer;
  }

  /** Lets an item wait again of which nothing was served. */
  async #again(seq: number, afterMs: number): Promise<void> {
    const { queue } = this.#deps;
    if (await queue.advance(seq, "waiting", { worst: null })) await queue.putBack(seq, afterMs);
  }

  async #unanswered(row: ItemRow, provider: Address, error: unknown): Promise<void> {
    const { queue, onSettled } = this.#deps;
    const { seq } = row;
    if (!(error instanceof ZgError) || error instanceof AbortedError) {
      await queue.advance(seq, "unknown", failure(error));
      throw error;
    }
    const tries = (this.#tries.get(seq) ?? 0) + 1;
    this.#tries.set(seq, tries);
    if (isItsOwnFault(error)) {
      await queue.advance(seq, "refused", failure(error));
      onSettled?.();
      return;
    }
    if (wasSpoiled(error)) {
      await queue.advance(seq, "spoiled", { ...failure(error), fee: row.worst });
      onSettled?.();
    } else if (!wasNotServed(error)) {
      await queue.advance(seq, "unknown", failure(error));
      onSettled?.();
    } else if (isTransient(error) && tries < MOST_TRIES) {
      const rest = restOf(error, tries);
      if (error instanceof RateLimitedError) this.#slots.tooMany(rest);
      await this.#again(seq, rest);
    } else if (isTransient(error)) {
      await queue.advance(seq, "refused", failure(error));
      onSettled?.();
    } else {
      // Funds, the session, the model: the next item would fare no better.
      await this.#again(seq, 0);
      throw error;
    }
    if (error instanceof RateLimitedError) return;
    this.#failures += 1;
    if (this.#failures < FAILURES_IN_A_ROW) return;
    this.#stop(new BatchFailingError({ provider, failures: this.#failures, last: error.message }, error));
  }

  async #prove({ seq, id }: ItemRow, answer: UnprovedAnswer): Promise<void> {
    const { queue, http, random, arithmetic = doneHere(random), onSettled } = this.#deps;
    const { provider } = answer.service;
    let receipt: Receipt;
    let verification: Verification;
    try {
      // An answer of a provider that the batch left is proved by what the chain lists for that one.
      const service =
        provider === this.#deps.assignment.terms.provider
          ? await this.#terms()
          : await readService(this.#deps.read, provider);
      const { chatId } = answer;
      if (chatId === undefined) throw new ChatIdMissingError({ provider });
      const signature = await fetchSignature(http, service, chatId);
      verification = await arithmetic("verify", { service, ...receiptBytes(answer), signature });
      receipt = proved(answer, signature, verification);
    } catch (error) {
      if (!(error instanceof ZgError)) throw error;
      await queue.advance(seq, "unproved", failure(error));
      onSettled?.();
      if (error instanceof TermsChangedError) throw error;
      return;
    }
    const kept = { receipt: JSON.stringify(receipt), answer: null };
    const beyond = reportedBeyond(answer);
    if (verification.status === "verified" && beyond === undefined) {
      await queue.advance(seq, "verified", kept);
      onSettled?.();
      return;
    }
    const { failed, reason } =
      verification.status === "verified" ? { failed: "measure", reason: beyond ?? "" } : verification;
    const message = `${failed}: ${reason}`;
    await queue.advance(seq, "quarantined", {
      ...kept,
      failure: JSON.stringify({ code: "ZG_BATCH_PROVIDER", message }),
    });
    await queue.quarantine(provider, message);
    onSettled?.();
    this.#deps.log(`item ${id} is quarantined: ${message}`);
    this.#stop(await this.#left(provider, message));
  }

  /** The provider is left, and so are the items that wait. */
  async #left(provider: Address, reason: string): Promise<BatchProviderError> {
    const { waiting } = await this.#deps.queue.counts();
    return new BatchProviderError({ provider, reason, left: waiting });
  }
}

/** What a provider reports beyond what the request allows: the signature proves who says it, not that it is so. */
function reportedBeyond(answer: UnprovedAnswer): string | undefined {
  if (!("usage" in answer) || answer.usage === undefined) return undefined;
  const { promptTokens, completionTokens } = answer.usage;
  const request = serviceRequest("chat", receiptBytes(answer).requestBytes);
  return beyondRequest(request, { measure: { unit: "tokens", promptTokens, completionTokens } });
}

function failure(error: unknown): { readonly failure: string } {
  const found =
    error instanceof ZgError
      ? { code: error.code, message: error.message }
      : { code: "ZG_UNEXPECTED", message: "something went wrong that should not have" };
  return { failure: JSON.stringify(found) };
}

/** The bytes of an item's request. */
export function requestOf(
  { messages, maxTokens, temperature }: BatchItem,
  model: string,
  { random, claim, owner }: Pick<AskingDeps, "random" | "claim" | "owner">,
): Uint8Array {
  return buildChatRequest({
    ...{ model, messages, maxTokens, random },
    ...(temperature === undefined ? {} : { temperature }),
    ...(claim === "bound" ? { boundTo: owner } : {}),
  });
}

/** What an item can cost at most at a service, in neuron. */
export function itemBound(item: BatchItem, service: Service, who: Pick<AskingDeps, "claim" | "owner">): bigint {
  const bytes = requestOf(item, service.model, { ...who, random: (size) => new Uint8Array(size) });
  return estimateFee(service, bytes, item.maxTokens);
}

/** The provider would take another item, but not this one. */
function isItsOwnFault(error: ZgError): boolean {
  return error instanceof ProviderRefusedError || error instanceof RequestTooLargeError;
}

/** The provider answered with a status that is no success, or was never reached: it served nothing. */
function wasNotServed(error: ZgError): boolean {
  if (error instanceof RedirectRefusedError || neverReached(error)) return true;
  return error.exit === EXIT.precondition || typeof error.details["status"] === "number";
}

/** An answer came that nobody can use; it is charged for. */
function wasSpoiled(error: ZgError): boolean {
  return [ResponseCutError, ResponseMalformedError, ResponseTooLargeError].some((kind) => error instanceof kind);
}

/** It may go better in a while. */
function isTransient(error: ZgError): boolean {
  return error instanceof RateLimitedError || error instanceof ProviderDownError || neverReached(error);
}

function restOf(error: ZgError, tries: number): number {
  const wanted = Number(error.details["retryAfter"]);
  const own = FIRST_REST_MS * 2 ** (tries - 1);
  return Math.min(Number.isFinite(wanted) && wanted > 0 ? wanted * 1000 : own, LONGEST_REST_MS);
}
