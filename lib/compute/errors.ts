/** Every way the compute domain fails, one class each. The Why and How of each code is in docs/errors.md. */

import { EXIT, ZgError, type ExitCode } from "../errors.ts";
import type { Address } from "../hex.ts";
import { withUnit } from "../units.ts";
import { COMMANDS } from "./commands.ts";

/** What a subclass passes on: a code, a sentence with its values, a remedy. */
abstract class ComputeError extends ZgError {
  protected constructor(
    code: `ZG_${string}`,
    exit: Exclude<ExitCode, 0>,
    message: string,
    remedy: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super({ code, exit, message, remedy, details, cause });
  }
}

// --- Ledger -----------------------------------------------------------------------------------------------------

/** The user has no account in LedgerManager. */
export class NoLedgerError extends ComputeError {
  constructor(values: { user: Address; minimum?: bigint }, cause?: unknown) {
    const { user, minimum } = values;
    super(
      "ZG_NO_LEDGER",
      EXIT.precondition,
      `${user} has no 0G Compute ledger on this network`,
      minimum === undefined
        ? "Open one: npx hardhat ledger deposit <amount in 0G>"
        : `Open one with at least ${withUnit(minimum)}: ${COMMANDS.deposit(minimum)}`,
      values,
      cause,
    );
  }
}

/** A ledger was to be opened twice. */
export class LedgerExistsError extends ComputeError {
  constructor(values: { user: string }, cause?: unknown) {
    super(
      "ZG_LEDGER_EXISTS",
      EXIT.precondition,
      `${values.user} has a ledger already`,
      "Top it up instead: npx hardhat ledger deposit <amount in 0G>",
      values,
      cause,
    );
  }
}

/** The deposit that opens a ledger is below the network's minimum. */
export class MinimumDepositError extends ComputeError {
  constructor(values: { given: bigint; required: bigint }, cause?: unknown) {
    super(
      "ZG_MIN_DEPOSIT",
      EXIT.precondition,
      `A ledger opens with at least ${withUnit(values.required)} on this network; ${withUnit(values.given)} was given`,
      `Deposit more: ${COMMANDS.deposit(values.required)}`,
      values,
      cause,
    );
  }
}

/** The transfer that opens a sub-account is below the network's minimum. */
export class MinimumTransferError extends ComputeError {
  constructor(values: { given: bigint; required: bigint; provider: string }, cause?: unknown) {
    const { given, required, provider } = values;
    super(
      "ZG_MIN_TRANSFER",
      EXIT.precondition,
      `The first transfer to a provider is at least ${withUnit(required)} on this network; ${withUnit(given)} was given`,
      `Transfer more: ${COMMANDS.transfer(provider, required)}`,
      values,
      cause,
    );
  }
}

/** A withdrawal would leave less in the ledger than the network lets stay there. */
export class WithdrawRemainderError extends ComputeError {
  constructor(values: { remaining: bigint; required: bigint; available: bigint }, cause?: unknown) {
    const { remaining, required, available } = values;
    const most = available > required ? available - required : 0n;
    super(
      "ZG_REMAINDER",
      EXIT.precondition,
      `The withdrawal would leave ${withUnit(remaining)} in the ledger; the network wants nothing or at least ${withUnit(required)} left`,
      most > 0n
        ? `Withdraw at most ${withUnit(most)} (${COMMANDS.withdraw(most)}) or everything: ${COMMANDS.withdrawAll}`
        : `Withdraw everything: ${COMMANDS.withdrawAll}`,
      { ...values, most },
      cause,
    );
  }
}

/** The ledger has too little available for a transfer. */
export class InsufficientLedgerBalanceError extends ComputeError {
  constructor(values: { available: bigint; required: bigint; provider?: string }, cause?: unknown) {
    const { available, required, provider } = values;
    const missing = required - available;
    super(
      "ZG_LEDGER_BALANCE",
      EXIT.precondition,
      `The ledger has ${withUnit(available)} available, but ${withUnit(required)} is needed${provider === undefined ? "" : ` for ${provider}`}`,
      `Deposit more: ${COMMANDS.deposit(missing)}; or take it back from other providers: ${COMMANDS.retrieve}`,
      { ...values, missing },
      cause,
    );
  }
}

/** More was to be withdrawn than is available; the rest is at providers or waits for its lock time. */
export class RefundLockedError extends ComputeError {
  constructor(values: { requested: bigint; available: bigint; locked: bigint }, cause?: unknown) {
    const { requested, available, locked } = values;
    super(
      "ZG_REFUND_LOCKED",
      EXIT.precondition,
      `${requested === 0n ? "Nothing" : `Only ${withUnit(available)} of the ${withUnit(requested)} asked for`} can be withdrawn; ${withUnit(locked)} is locked at providers`,
      locked > 0n
        ? `Request it back with ${COMMANDS.retrieve}, wait the lock time, run that again, then withdraw.`
        : available > 0n
          ? `Withdraw what is there: ${COMMANDS.withdrawAll}`
          : "The ledger is empty; there is nothing to do.",
      values,
      cause,
    );
  }
}

/** The user has no balance at this provider. */
export class NoSubAccountError extends ComputeError {
  constructor(values: { user: string; provider: string; minimum?: bigint }, cause?: unknown) {
    const { user, provider, minimum } = values;
    super(
      "ZG_NO_SUBACCOUNT",
      EXIT.precondition,
      `${user} has no sub-account at provider ${provider}`,
      minimum === undefined
        ? `Make one: npx hardhat ledger transfer ${provider} <amount in 0G>`
        : `Make one: ${COMMANDS.transfer(provider, minimum)}`,
      values,
      cause,
    );
  }
}

/** An amount of nothing. */
export class ZeroAmountError extends ComputeError {
  constructor(what: string, cause?: unknown) {
    super("ZG_ZERO_AMOUNT", EXIT.usage, `Cannot ${what}: the amount is 0`, "Give an amount above 0.", { what }, cause);
  }
}

/** Coin was to be credited to the zero address. */
export class ZeroRecipientError extends ComputeError {
  constructor(cause?: unknown) {
    super(
      "ZG_ZERO_RECIPIENT",
      EXIT.usage,
      "The recipient of the deposit is the zero address",
      "Give the address whose ledger gets the deposit.",
      {},
      cause,
    );
  }
}

/** The ledger knows no service contract by this name or address. */
export class ServiceKindUnknownError extends ComputeError {
  constructor(values: { service: string }, cause?: unknown) {
    super(
      "ZG_SERVICE_KIND",
      EXIT.precondition,
      `The ledger of this network has no service contract registered for ${JSON.stringify(values.service)}`,
      `Use --service inference or --service fine-tuning on a network that has it; ${COMMANDS.doctor} shows what is there.`,
      values,
      cause,
    );
  }
}

/** The provider's sub-account contract refused a transfer, without saying why. */
export class TransferRefusedError extends ComputeError {
  constructor(values: { provider: string }, cause?: unknown) {
    super(
      "ZG_TRANSFER_REFUSED",
      EXIT.precondition,
      `The sub-account at provider ${values.provider} refused the transfer (nobody can be their own provider, and the zero address is none)`,
      `Choose another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The ledger has sub-accounts at as many providers as the contract allows. */
export class TooManySubAccountsError extends ComputeError {
  constructor(values: { current: bigint; maximum: bigint }, cause?: unknown) {
    super(
      "ZG_TOO_MANY_SUBACCOUNTS",
      EXIT.precondition,
      `The ledger has ${values.current} provider sub-accounts; the contract allows ${values.maximum}`,
      "Use one of those providers, another wallet, or retrieve and withdraw everything, which closes them all.",
      values,
      cause,
    );
  }
}

/** A list handed to a contract call was longer than it takes. */
export class BatchTooLargeError extends ComputeError {
  constructor(values: { what: string; requested?: bigint; maximum?: bigint }, cause?: unknown) {
    const { what, requested, maximum } = values;
    super(
      "ZG_BATCH_TOO_LARGE",
      EXIT.usage,
      `${requested ?? "Too many"} ${what} were given in one call${maximum === undefined ? "" : `; the contract takes at most ${maximum}`}`,
      `Split the list into parts${maximum === undefined ? "" : ` of ${maximum}`}.`,
      values,
      cause,
    );
  }
}

/** Five refunds wait at this provider, and the contract takes no sixth. */
export class TooManyRefundsError extends ComputeError {
  constructor(values: { provider: string; waiting?: number; nextUnlockAt?: bigint }, cause?: unknown) {
    const { provider, waiting, nextUnlockAt } = values;
    super(
      "ZG_TOO_MANY_REFUNDS",
      EXIT.precondition,
      `${waiting ?? "As many"} refunds ${waiting === undefined ? "as the contract allows already wait" : "already wait"} at provider ${provider}${nextUnlockAt === undefined ? "" : `; the earliest unlocks at ${new Date(Number(nextUnlockAt) * 1000).toISOString()}`}`,
      `Run ${COMMANDS.retrieve} again after that; it takes what is unlocked and then requests the rest.`,
      values,
      cause,
    );
  }
}

/** A ledger with money in it was to be deleted. */
export class LedgerNotEmptyError extends ComputeError {
  constructor(values: { remaining: bigint }, cause?: unknown) {
    super(
      "ZG_LEDGER_NOT_EMPTY",
      EXIT.precondition,
      `The ledger still holds ${withUnit(values.remaining)}`,
      `Take it out first (${COMMANDS.retrieve}, then ${COMMANDS.withdrawAll}); withdrawing everything deletes the ledger anyway.`,
      values,
      cause,
    );
  }
}

/** Another operation on the same ledger is running inside this one: re-entrance of a contract wallet. */
export class LedgerBusyError extends ComputeError {
  constructor(cause?: unknown) {
    super(
      "ZG_LEDGER_BUSY",
      EXIT.precondition,
      "Another operation on this ledger is in progress in the same transaction",
      "A contract wallet must not call the ledger again while it receives coin from it.",
      {},
      cause,
    );
  }
}

/** The receiver of a payment is a contract that refused it. */
export class RecipientRefusedError extends ComputeError {
  constructor(cause?: unknown) {
    super(
      "ZG_RECIPIENT_REFUSED",
      EXIT.precondition,
      "The receiving contract refused the payment",
      "Use a wallet that accepts plain transfers of coin.",
      {},
      cause,
    );
  }
}

/** An acknowledgement cannot be taken back while money is in the sub-account. */
export class AcknowledgedBalanceError extends ComputeError {
  constructor(values: { provider: string; balance: bigint }, cause?: unknown) {
    super(
      "ZG_ACKNOWLEDGED_BALANCE",
      EXIT.precondition,
      `The sub-account at ${values.provider} holds ${withUnit(values.balance)}; its acknowledgement cannot be taken back until it is empty`,
      `Take the money back first, in two steps with the lock time between them: ${COMMANDS.retrieve}`,
      values,
      cause,
    );
  }
}

/** Text stored on chain is longer than the contract takes. */
export class InfoTooLongError extends ComputeError {
  constructor(values: { length?: bigint; maximum: bigint }, cause?: unknown) {
    super(
      "ZG_INFO_TOO_LONG",
      EXIT.usage,
      `The additional information is ${values.length === undefined ? "too long" : `${values.length} bytes long`}; the contract takes ${values.maximum}`,
      `Shorten it to ${values.maximum} bytes.`,
      values,
      cause,
    );
  }
}

/** Coin was sent to a contract that takes it only through its functions. */
export class DirectDepositError extends ComputeError {
  constructor(cause?: unknown) {
    super(
      "ZG_DIRECT_DEPOSIT",
      EXIT.usage,
      "The contract takes no plain transfers of coin",
      "Deposit through the ledger: npx hardhat ledger deposit <amount in 0G>",
      {},
      cause,
    );
  }
}

/** A provider's stake does not fit what the contract wants. */
export class StakeError extends ComputeError {
  constructor(values: { given?: bigint; required: bigint }, cause?: unknown) {
    const { given, required } = values;
    super(
      "ZG_STAKE",
      EXIT.precondition,
      given === undefined
        ? "Coin was sent with the update of a service; stake is taken at the first registration only"
        : `Registering a service needs a stake of ${withUnit(required)}; ${withUnit(given)} was sent`,
      given === undefined ? "Send no value when updating." : `Register with ${withUnit(required)}.`,
      values,
      cause,
    );
  }
}

/** A page longer than the contract gives. */
export class PageTooLargeError extends ComputeError {
  constructor(values: { limit: bigint; maximum?: bigint }, cause?: unknown) {
    super(
      "ZG_PAGE_TOO_LARGE",
      EXIT.usage,
      `A page of ${values.limit} rows was asked for; the contract gives at most ${values.maximum ?? 50n}`,
      `Read in pages of ${values.maximum ?? 50n}.`,
      values,
      cause,
    );
  }
}

/** A rule of 0G's contracts that only their owner, a provider or another contract can meet. */
export class OperatorRuleError extends ComputeError {
  constructor(
    values: { error: string; sentence: string; remedy: string; args: Record<string, unknown> },
    cause?: unknown,
  ) {
    const { error, sentence, remedy, args } = values;
    super("ZG_OPERATOR_RULE", EXIT.precondition, sentence, remedy, { error, args }, cause);
  }
}

// --- Providers --------------------------------------------------------------------------------------------------

export interface ProviderCandidate {
  readonly provider: Address;
  readonly model: string;
}

function named(candidates: readonly ProviderCandidate[]): string {
  return candidates.map(({ provider, model }) => `${model} at ${provider}`).join("; ");
}

/** No service is registered under this address, model or alias. */
export class ProviderUnknownError extends ComputeError {
  constructor(values: { provider: string; known?: readonly ProviderCandidate[] }, cause?: unknown) {
    const { provider, known } = values;
    super(
      "ZG_PROVIDER_UNKNOWN",
      EXIT.usage,
      `No provider ${JSON.stringify(provider)} is registered on this network`,
      known === undefined || known.length === 0
        ? `List the ones there are: ${COMMANDS.providers}`
        : `Use an address or a unique model name: ${named(known.slice(0, 5))}${known.length > 5 ? "; …" : ""}. All of them: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** A model name or alias that several providers share. */
export class ProviderAmbiguousError extends ComputeError {
  constructor(values: { provider: string; candidates: readonly ProviderCandidate[] }) {
    super(
      "ZG_PROVIDER_AMBIGUOUS",
      EXIT.usage,
      `${JSON.stringify(values.provider)} fits ${values.candidates.length} providers: ${named(values.candidates)}`,
      "Give the address of the one you mean.",
      values,
    );
  }
}

/** No registered provider meets what was asked. */
export class NoSuitableProviderError extends ComputeError {
  constructor(values: { wanted: string; registered: number; refused: readonly string[] }) {
    const { wanted, registered, refused } = values;
    super(
      "ZG_NO_PROVIDER",
      EXIT.precondition,
      `None of the ${registered} registered providers is ${wanted}${refused.length === 0 ? "" : ` (${refused.slice(0, 5).join("; ")}${refused.length > 5 ? "; …" : ""})`}`,
      `Look at them: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The list kept changing while it was read. */
export class ListUnstableError extends ComputeError {
  constructor(values: { what: string; attempts: number }) {
    super(
      "ZG_LIST_UNSTABLE",
      EXIT.network,
      `The list of ${values.what} changed each of the ${values.attempts} times it was read`,
      "Run the command again.",
      values,
    );
  }
}

/** A provider of another chain was to serve an embedded network or a fork, whose deposits it cannot see. */
export class ProviderCannotSeeError extends ComputeError {
  constructor(values: { provider: Address; url: string; network: string }) {
    super(
      "ZG_FORK_PROVIDER",
      EXIT.precondition,
      `Provider ${values.provider} (${values.url}) serves another chain and cannot see what happens on ${values.network}`,
      `Leave --provider out, or choose a local one of ${values.network}: ${COMMANDS.providers} --network ${values.network}`,
      values,
    );
  }
}

/** The owner of InferenceServing has not endorsed the provider's TEE signer. */
export class NotEndorsedError extends ComputeError {
  constructor(values: { provider: Address; status?: number }, cause?: unknown) {
    super(
      "ZG_NOT_ENDORSED",
      EXIT.trust,
      `0G has not endorsed the TEE signer of provider ${values.provider}`,
      `Choose an endorsed provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The provider's results cannot be minted, whatever they say. */
export class NotMintableError extends ComputeError {
  constructor(values: { provider: Address; reason: string }) {
    super(
      "ZG_NOT_MINTABLE",
      EXIT.trust,
      `Results of provider ${values.provider} cannot be minted: ${values.reason}`,
      `Choose a provider whose results can: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The user has taken back the acknowledgement of this provider's TEE signer. */
export class NotAcknowledgedError extends ComputeError {
  constructor(values: { provider: Address; user?: Address }, cause?: unknown) {
    super(
      "ZG_NOT_ACKNOWLEDGED",
      EXIT.precondition,
      `${values.user ?? "The user"} has not acknowledged the TEE signer of provider ${values.provider}`,
      `Acknowledge it: ${COMMANDS.acknowledge(values.provider)} (a provider may take up to 10 minutes to see it)`,
      values,
      cause,
    );
  }
}

// --- Talking to a provider --------------------------------------------------------------------------------------

/** The provider did not answer, or its server failed. */
export class ProviderDownError extends ComputeError {
  constructor(values: { what: string; url: string; status?: number; said?: string }, cause?: unknown) {
    const { what, url, status, said } = values;
    const why = status === undefined ? reasonOf(cause) : `status ${status}`;
    super(
      "ZG_PROVIDER_DOWN",
      EXIT.network,
      `${what} failed at ${url}: ${why}${said === undefined || said === "" ? "" : `, ${quoted(said)}`}`,
      `Try again later, or another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The provider did not finish in time. */
export class ProviderTimeoutError extends ComputeError {
  constructor(values: { what: string; url: string; timeoutMs: number }, cause?: unknown) {
    super(
      "ZG_PROVIDER_TIMEOUT",
      EXIT.network,
      `${values.what} at ${values.url} did not finish within ${values.timeoutMs} ms`,
      `Try again with a longer time-out, or another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The provider refused two session tokens in a row. */
export class AuthenticationRefusedError extends ComputeError {
  constructor(values: { provider: Address; status: number; said: string }) {
    super(
      "ZG_AUTH_REFUSED",
      EXIT.precondition,
      `Provider ${values.provider} refused a fresh session token (status ${values.status}: ${quoted(values.said)})`,
      "Check this machine's clock; after revoking all tokens a provider refuses new ones for up to 10 minutes.",
      values,
    );
  }
}

/** The provider wants more locked in the sub-account before it serves. */
export class ProviderFundsRefusedError extends ComputeError {
  constructor(values: { provider: Address; locked?: bigint; required?: bigint; said: string }) {
    const { provider, locked, required, said } = values;
    const known = locked !== undefined && required !== undefined;
    super(
      "ZG_FUNDS_REFUSED",
      EXIT.precondition,
      known
        ? `Provider ${provider} wants ${withUnit(required)} locked; ${withUnit(locked)} is`
        : `Provider ${provider} wants more locked: ${quoted(said)}`,
      known && required > locked
        ? `Transfer more: ${COMMANDS.transfer(provider, required - locked)}`
        : `Transfer more: npx hardhat ledger transfer ${provider} <amount in 0G>`,
      known ? { ...values, missing: required - locked } : values,
    );
  }
}

/** The provider limits how often it is asked. */
export class RateLimitedError extends ComputeError {
  constructor(values: { provider: Address; status: number; said: string; retryAfter?: string }) {
    const { provider, status, said, retryAfter } = values;
    super(
      "ZG_RATE_LIMITED",
      EXIT.network,
      `Provider ${provider} is busy or limits requests (status ${status}: ${quoted(said)})`,
      `Try again ${retryAfter === undefined ? "in a while" : `after ${retryAfter} s`}, or another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The provider does not serve the model asked for. */
export class ModelRefusedError extends ComputeError {
  constructor(values: { provider: Address; status: number; said: string }) {
    super(
      "ZG_MODEL_REFUSED",
      EXIT.precondition,
      `Provider ${values.provider} does not serve this model: ${quoted(values.said)}`,
      `See what it serves: ${COMMANDS.provider(values.provider)}`,
      values,
    );
  }
}

/** The provider refused the request for a reason of its own. */
export class ProviderRefusedError extends ComputeError {
  constructor(values: { provider: Address; status: number; said: string }) {
    super(
      "ZG_PROVIDER_REFUSED",
      EXIT.precondition,
      `Provider ${values.provider} refused the request (status ${values.status}: ${quoted(values.said)})`,
      "Change the request as the provider says, or use another provider.",
      values,
    );
  }
}

/** The provider answered with a redirect; following it would hand the session token to somebody else. */
export class RedirectRefusedError extends ComputeError {
  constructor(values: { url: string; location?: string }) {
    super(
      "ZG_PROVIDER_REDIRECT",
      EXIT.trust,
      `${values.url} redirects${values.location === undefined ? "" : ` to ${values.location}`}; a session token is never sent where the chain does not say`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The answer is larger than the caller accepts. */
export class ResponseTooLargeError extends ComputeError {
  constructor(values: { url: string; limit: number }) {
    super(
      "ZG_RESPONSE_TOO_LARGE",
      EXIT.network,
      `The answer of ${values.url} is larger than ${values.limit} bytes`,
      "Ask for less (--max-tokens), or use another provider.",
      values,
    );
  }
}

/** The answer ended before it was complete. */
export class ResponseCutError extends ComputeError {
  constructor(values: { url: string; bytes: number }, cause?: unknown) {
    super(
      "ZG_RESPONSE_CUT",
      EXIT.network,
      `The answer of ${values.url} broke off after ${values.bytes} bytes`,
      `Ask again; the provider may charge for what it sent. Another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The answer is not what the protocol says. */
export class ResponseMalformedError extends ComputeError {
  constructor(values: { url: string; why: string }, cause?: unknown) {
    super(
      "ZG_RESPONSE_MALFORMED",
      EXIT.network,
      `The answer of ${values.url} is not as the protocol says: ${values.why}`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

// --- Trust ------------------------------------------------------------------------------------------------------

/** The answer carries no usable chat id, so that its signature cannot be asked for. */
export class ChatIdMissingError extends ComputeError {
  constructor(values: { provider: Address; chatId?: string }) {
    super(
      "ZG_CHAT_ID",
      EXIT.trust,
      values.chatId === undefined
        ? `The answer of provider ${values.provider} names no chat id; its signature cannot be fetched`
        : `The chat id ${JSON.stringify(values.chatId.slice(0, 80))} of provider ${values.provider} is malformed`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The provider has no signature for this answer. */
export class SignatureMissingError extends ComputeError {
  constructor(values: { provider: Address; chatId: string; status: number; said: string }) {
    super(
      "ZG_SIGNATURE_MISSING",
      EXIT.trust,
      `Provider ${values.provider} has no signature for chat ${values.chatId} (status ${values.status}: ${quoted(values.said)})`,
      "Signatures are kept for about 20 minutes. Ask again; without a signature nothing can be proved or minted.",
      values,
    );
  }
}

/** The provider's signature document cannot be read. */
export class SignatureDocumentError extends ComputeError {
  constructor(values: { provider: Address; chatId: string; why: string }, cause?: unknown) {
    super(
      "ZG_SIGNATURE_DOCUMENT",
      EXIT.trust,
      `The signature document of provider ${values.provider} for chat ${values.chatId} is malformed: ${values.why}`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

interface Rejection {
  readonly provider: Address;
  readonly reason: string;
}

/** What was signed is no valid signature over the text. */
export class SignatureInvalidError extends ComputeError {
  constructor(values: Rejection) {
    super(
      "ZG_SIG_INVALID",
      EXIT.trust,
      `The answer of provider ${values.provider} is not validly signed: ${values.reason}`,
      "Do not rely on it; nothing was minted.",
      { ...values },
    );
  }
}

/** The signature is somebody else's. */
export class SignerMismatchError extends ComputeError {
  constructor(values: Rejection) {
    super(
      "ZG_SIG_SIGNER",
      EXIT.trust,
      `The answer of provider ${values.provider} is not signed by the signer the chain lists: ${values.reason}`,
      "Do not rely on it; nothing was minted.",
      { ...values },
    );
  }
}

/** The signature is right, but over other bytes than those sent and received. */
export class SignatureUnboundError extends ComputeError {
  constructor(values: Rejection) {
    super(
      "ZG_SIG_UNBOUND",
      EXIT.trust,
      `The signature of provider ${values.provider} does not cover the bytes sent and received: ${values.reason}`,
      "Do not rely on it; nothing was minted.",
      { ...values },
    );
  }
}

/** A receipt cannot be read. */
export class ReceiptMalformedError extends ComputeError {
  constructor(why: string, cause?: unknown) {
    super(
      "ZG_RECEIPT_MALFORMED",
      EXIT.usage,
      `This is not a receipt of an inference: ${why}`,
      `Give the JSON file that ${COMMANDS.chat} wrote.`,
      { why },
      cause,
    );
  }
}

/** A receipt of a version this code does not know. */
export class ReceiptVersionError extends ComputeError {
  constructor(version: unknown, known: readonly number[]) {
    super(
      "ZG_RECEIPT_VERSION",
      EXIT.usage,
      `The receipt has version ${JSON.stringify(version)}; this program reads ${known.join(", ")}`,
      "Check it with the version of the program that wrote it, or a newer one.",
      { version, known },
    );
  }
}

/** A receipt whose proofs do not hold. */
export class ReceiptRejectedError extends ComputeError {
  constructor(values: { reason: string; failed: readonly string[] }) {
    super(
      "ZG_RECEIPT_REJECTED",
      EXIT.trust,
      `The receipt is not proved: ${values.reason}`,
      "Do not rely on it; ask whoever made it for the original.",
      values,
    );
  }
}

function quoted(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return JSON.stringify(line.length > 300 ? `${line.slice(0, 300)}…` : line);
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "no answer";
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const { code } = inner as { code?: unknown };
  return typeof code === "string" ? code : inner.message;
}
