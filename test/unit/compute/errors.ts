import { expect } from "chai";

import * as errors from "../../../lib/compute/errors.ts";
import { SignerNotConnectedError } from "../../../lib/broker/broker.ts";
import { EXIT, ZgError } from "../../../lib/errors.ts";
import { provider, user, ZG } from "./support/fixtures.ts";

const url = "https://provider.example";
const said = "no  means\nno";
const status = 400;
const reason = "the hashes differ";

/** One of each, with what its sentence must carry. */
const CASES: readonly (readonly [
  error: ZgError,
  code: string,
  exit: number,
  message: string | RegExp,
  remedy: string,
])[] = [
  [
    new errors.NoLedgerError({ user, minimum: ZG / 10n }),
    "ZG_NO_LEDGER",
    EXIT.precondition,
    user,
    "npx hardhat ledger deposit 0.1",
  ],
  [new errors.LedgerExistsError({ user }), "ZG_LEDGER_EXISTS", EXIT.precondition, user, "npx hardhat ledger deposit"],
  [
    new errors.MinimumDepositError({ given: 1n, required: ZG }),
    "ZG_MIN_DEPOSIT",
    EXIT.precondition,
    "at least 1 0G",
    "npx hardhat ledger deposit 1",
  ],
  [
    new errors.MinimumTransferError({ given: 1n, required: ZG, provider }),
    "ZG_MIN_TRANSFER",
    EXIT.precondition,
    "at least 1 0G",
    `npx hardhat ledger transfer ${provider} 1`,
  ],
  [
    new errors.WithdrawRemainderError({ remaining: 1n, required: ZG, available: 3n * ZG }),
    "ZG_REMAINDER",
    EXIT.precondition,
    "at least 1 0G left",
    "npx hardhat ledger withdraw 2",
  ],
  [
    new errors.WithdrawRemainderError({ remaining: 1n, required: ZG, available: ZG }),
    "ZG_REMAINDER",
    EXIT.precondition,
    "nothing or at least",
    "npx hardhat ledger withdraw all",
  ],
  [
    new errors.InsufficientLedgerBalanceError({ available: (4n * ZG) / 10n, required: ZG, provider }),
    "ZG_LEDGER_BALANCE",
    EXIT.precondition,
    "0.4 0G available, but 1 0G",
    "npx hardhat ledger deposit 0.6",
  ],
  [
    new errors.RefundLockedError({ requested: 2n * ZG, available: 0n, locked: ZG }),
    "ZG_REFUND_LOCKED",
    EXIT.precondition,
    "1 0G is locked",
    "npx hardhat ledger retrieve",
  ],
  [
    new errors.RefundLockedError({ requested: 2n * ZG, available: ZG, locked: 0n }),
    "ZG_REFUND_LOCKED",
    EXIT.precondition,
    "Only 1 0G of the 2 0G",
    "npx hardhat ledger withdraw all",
  ],
  [
    new errors.RefundLockedError({ requested: 0n, available: 0n, locked: 0n }),
    "ZG_REFUND_LOCKED",
    EXIT.precondition,
    "Nothing can be withdrawn",
    "The ledger is empty",
  ],
  [
    new errors.NoSubAccountError({ user, provider, minimum: ZG }),
    "ZG_NO_SUBACCOUNT",
    EXIT.precondition,
    provider,
    `npx hardhat ledger transfer ${provider} 1`,
  ],
  [new errors.ZeroAmountError("deposit"), "ZG_ZERO_AMOUNT", EXIT.usage, "Cannot deposit: the amount is 0", "above 0"],
  [new errors.ZeroRecipientError(), "ZG_ZERO_RECIPIENT", EXIT.usage, "zero address", "address"],
  [
    new errors.ServiceKindUnknownError({ service: "inference" }),
    "ZG_SERVICE_KIND",
    EXIT.precondition,
    '"inference"',
    "--service inference",
  ],
  [
    new errors.TransferRefusedError({ provider }),
    "ZG_TRANSFER_REFUSED",
    EXIT.precondition,
    "nobody can be their own provider",
    "npx hardhat provider list",
  ],
  [
    new errors.TooManySubAccountsError({ current: 50n, maximum: 50n }),
    "ZG_TOO_MANY_SUBACCOUNTS",
    EXIT.precondition,
    "50 provider sub-accounts",
    "another wallet",
  ],
  [
    new errors.BatchTooLargeError({ what: "providers", requested: 21n, maximum: 20n }),
    "ZG_BATCH_TOO_LARGE",
    EXIT.usage,
    "21 providers",
    "parts of 20",
  ],
  [new errors.BatchTooLargeError({ what: "users" }), "ZG_BATCH_TOO_LARGE", EXIT.usage, "Too many users", "parts"],
  [
    new errors.TooManyRefundsError({ provider, waiting: 5, nextUnlockAt: 1_750_000_000n }),
    "ZG_TOO_MANY_REFUNDS",
    EXIT.precondition,
    /5 refunds already wait.*2025-06-15T15:06:40/,
    "npx hardhat ledger retrieve",
  ],
  [
    new errors.LedgerNotEmptyError({ remaining: ZG }),
    "ZG_LEDGER_NOT_EMPTY",
    EXIT.precondition,
    "holds 1 0G",
    "npx hardhat ledger withdraw all",
  ],
  [new errors.LedgerBusyError(), "ZG_LEDGER_BUSY", EXIT.precondition, "in progress", "must not call the ledger again"],
  [new errors.RecipientRefusedError(), "ZG_RECIPIENT_REFUSED", EXIT.precondition, "refused the payment", "wallet"],
  [
    new errors.AcknowledgedBalanceError({ provider, balance: ZG }),
    "ZG_ACKNOWLEDGED_BALANCE",
    EXIT.precondition,
    "holds 1 0G",
    "npx hardhat ledger retrieve",
  ],
  [
    new errors.InfoTooLongError({ length: 5000n, maximum: 4096n }),
    "ZG_INFO_TOO_LONG",
    EXIT.usage,
    "5000 bytes long",
    "4096",
  ],
  [
    new errors.DirectDepositError(),
    "ZG_DIRECT_DEPOSIT",
    EXIT.usage,
    "no plain transfers",
    "npx hardhat ledger deposit",
  ],
  [
    new errors.StakeError({ given: ZG, required: 100n * ZG }),
    "ZG_STAKE",
    EXIT.precondition,
    "100 0G; 1 0G was sent",
    "Register with 100 0G",
  ],
  [
    new errors.StakeError({ required: 0n }),
    "ZG_STAKE",
    EXIT.precondition,
    "at the first registration only",
    "no value",
  ],
  [new errors.PageTooLargeError({ limit: 51n }), "ZG_PAGE_TOO_LARGE", EXIT.usage, "51 rows", "pages of 50"],
  [
    new errors.OperatorRuleError({ error: "X", sentence: "Only X may", remedy: "Be X.", args: {} }),
    "ZG_OPERATOR_RULE",
    EXIT.precondition,
    "Only X may",
    "Be X.",
  ],
  [
    new errors.ProviderUnknownError({ provider: "nope", known: [{ provider, model: "m" }] }),
    "ZG_PROVIDER_UNKNOWN",
    EXIT.usage,
    '"nope"',
    `m at ${provider}`,
  ],
  [
    new errors.ProviderUnknownError({ provider: "nope" }),
    "ZG_PROVIDER_UNKNOWN",
    EXIT.usage,
    '"nope"',
    "npx hardhat provider list",
  ],
  [
    new errors.ProviderAmbiguousError({
      provider: "m",
      candidates: [
        { provider, model: "m" },
        { provider: user, model: "x/m" },
      ],
    }),
    "ZG_PROVIDER_AMBIGUOUS",
    EXIT.usage,
    `m at ${provider}; x/m at ${user}`,
    "address",
  ],
  [
    new errors.NoSuitableProviderError({ wanted: "good", registered: 2, refused: ["a: bad"] }),
    "ZG_NO_PROVIDER",
    EXIT.precondition,
    "None of the 2 registered providers is good (a: bad)",
    "npx hardhat provider list",
  ],
  [
    new errors.ListUnstableError({ what: "services", attempts: 4 }),
    "ZG_LIST_UNSTABLE",
    EXIT.network,
    "changed each of the 4 times",
    "again",
  ],
  [
    new errors.ProviderCannotSeeError({ provider, url, network: "galileoFork" }),
    "ZG_FORK_PROVIDER",
    EXIT.precondition,
    "cannot see what happens on galileoFork",
    "npx hardhat provider list --network galileoFork",
  ],
  [
    new errors.UnsettledFeeError({ provider, claimed: 3n * ZG, balance: 2n * ZG }),
    "ZG_UNSETTLED_FEE",
    EXIT.trust,
    "claims 3 0G for past answers; the sub-account holds 2 0G in all",
    "npx hardhat provider list",
  ],
  [
    new errors.OverBilledError({ shown: `${provider} by 3 0G`, providers: [] }),
    "ZG_OVER_BILLED",
    EXIT.trust,
    `More was billed than the answers kept here cost: ${provider} by 3 0G`,
    "npx hardhat ledger retrieve",
  ],
  [new errors.NotEndorsedError({ provider }), "ZG_NOT_ENDORSED", EXIT.trust, provider, "endorsed provider"],
  [
    new errors.NotMintableError({ provider, reason: "it signs images" }),
    "ZG_NOT_MINTABLE",
    EXIT.trust,
    "it signs images",
    "npx hardhat provider list",
  ],
  [
    new errors.NotAcknowledgedError({ provider, user }),
    "ZG_NOT_ACKNOWLEDGED",
    EXIT.precondition,
    user,
    `npx hardhat provider acknowledge ${provider}`,
  ],
  [
    new errors.ProviderDownError(
      { what: "Chat", url },
      new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) }),
    ),
    "ZG_PROVIDER_DOWN",
    EXIT.network,
    `Chat failed at ${url}: ECONNREFUSED`,
    "npx hardhat provider list",
  ],
  [
    new errors.ProviderDownError({ what: "Chat", url, status: 502, said: "Bad Gateway" }),
    "ZG_PROVIDER_DOWN",
    EXIT.network,
    'status 502, "Bad Gateway"',
    "Try again later",
  ],
  [
    new errors.ProviderTimeoutError({ what: "Chat", url, timeoutMs: 5 }),
    "ZG_PROVIDER_TIMEOUT",
    EXIT.network,
    "within 5 ms",
    "longer time-out",
  ],
  [
    new errors.AuthenticationRefusedError({ provider, status, said }),
    "ZG_AUTH_REFUSED",
    EXIT.precondition,
    '"no means no"',
    "clock",
  ],
  [
    new errors.ProviderFundsRefusedError({ provider, locked: ZG, required: 2n * ZG, said }),
    "ZG_FUNDS_REFUSED",
    EXIT.precondition,
    "wants 2 0G locked; 1 0G is",
    `npx hardhat ledger transfer ${provider} 1.000001`,
  ],
  [
    // Both numbers are rounded: the difference is below what the provider prints.
    new errors.ProviderFundsRefusedError({ provider, locked: ZG, required: ZG, said }),
    "ZG_FUNDS_REFUSED",
    EXIT.precondition,
    "wants 1 0G locked; 1 0G is",
    `npx hardhat ledger transfer ${provider} 0.000001`,
  ],
  [
    new errors.ProviderFundsRefusedError({ provider, said }),
    "ZG_FUNDS_REFUSED",
    EXIT.precondition,
    '"no means no"',
    `npx hardhat ledger transfer ${provider} <amount`,
  ],
  [
    new errors.RateLimitedError({ provider, status: 429, said, retryAfter: "7" }),
    "ZG_RATE_LIMITED",
    EXIT.network,
    "429",
    "after 7 s",
  ],
  [
    new errors.ModelRefusedError({ provider, status, said }),
    "ZG_MODEL_REFUSED",
    EXIT.precondition,
    "no means no",
    `npx hardhat provider show ${provider}`,
  ],
  [
    new errors.ProviderRefusedError({ provider, status, said }),
    "ZG_PROVIDER_REFUSED",
    EXIT.precondition,
    "status 400",
    "as the provider says",
  ],
  [
    new errors.RedirectRefusedError({ url, location: "https://evil.example" }),
    "ZG_PROVIDER_REDIRECT",
    EXIT.trust,
    "https://evil.example",
    "npx hardhat provider list",
  ],
  [
    new errors.ResponseTooLargeError({ url, limit: 9 }),
    "ZG_RESPONSE_TOO_LARGE",
    EXIT.network,
    "larger than 9 bytes",
    "--max-tokens",
  ],
  [new errors.ResponseCutError({ url, bytes: 9 }), "ZG_RESPONSE_CUT", EXIT.network, "after 9 bytes", "Ask again"],
  [
    new errors.ResponseMalformedError({ url, why: "its body is not JSON" }),
    "ZG_RESPONSE_MALFORMED",
    EXIT.network,
    "its body is not JSON",
    "npx hardhat provider list",
  ],
  [
    new errors.ChatIdMissingError({ provider }),
    "ZG_CHAT_ID",
    EXIT.trust,
    "names no chat id",
    "npx hardhat provider list",
  ],
  [
    new errors.ChatIdMissingError({ provider, chatId: "../x" }),
    "ZG_CHAT_ID",
    EXIT.trust,
    '"../x"',
    "npx hardhat provider list",
  ],
  [
    new errors.SignatureMissingError({ provider, chatId: "c", status: 404, said }),
    "ZG_SIGNATURE_MISSING",
    EXIT.trust,
    "no signature for chat c",
    "nothing can be proved",
  ],
  [
    new errors.SignatureDocumentError({ provider, chatId: "c", why: "it is not JSON" }),
    "ZG_SIGNATURE_DOCUMENT",
    EXIT.trust,
    "it is not JSON",
    "npx hardhat provider list",
  ],
  [new errors.SignatureInvalidError({ provider, reason }), "ZG_SIG_INVALID", EXIT.trust, reason, "Do not rely on it"],
  [new errors.SignerMismatchError({ provider, reason }), "ZG_SIG_SIGNER", EXIT.trust, reason, "Do not rely on it"],
  [new errors.SignatureUnboundError({ provider, reason }), "ZG_SIG_UNBOUND", EXIT.trust, reason, "Do not rely on it"],
  [
    new errors.ReceiptMalformedError("it is not JSON"),
    "ZG_RECEIPT_MALFORMED",
    EXIT.usage,
    "it is not JSON",
    "npx hardhat inference chat",
  ],
  [
    new errors.ReceiptVersionError(9, [1]),
    "ZG_RECEIPT_VERSION",
    EXIT.usage,
    "version 9; this program reads 1",
    "newer",
  ],
  [
    new errors.ReceiptRejectedError({ reason, failed: ["response"] }),
    "ZG_RECEIPT_REJECTED",
    EXIT.trust,
    reason,
    "Do not rely on it",
  ],
  [
    new errors.ServiceTypeError({ provider, model: "m", serviceType: "text-to-image", kind: "chat", serves: "image" }),
    "ZG_SERVICE_TYPE",
    EXIT.usage,
    "is a text-to-image service; a chat completion needs chatbot",
    "npx hardhat inference image",
  ],
  [
    new errors.RequestTooLargeError({ what: "Transcription", size: 9, limit: 8 }),
    "ZG_REQUEST_TOO_LARGE",
    EXIT.usage,
    "the request is 9 bytes; providers read at most 8",
    "shorter recording",
  ],
  [
    new errors.NothingAttestedError({ provider }),
    "ZG_NOT_ATTESTED",
    EXIT.trust,
    "is a standard forwarder",
    "npx hardhat provider list",
  ],
  [
    new errors.ReportMissingError({ provider, url: "http://h/v1/quote", status: 404, said: "not found" }),
    "ZG_REPORT_MISSING",
    EXIT.trust,
    'at http://h/v1/quote (status 404: "not found")',
    "npx hardhat provider list",
  ],
  [
    new errors.CollateralUnavailableError({ url: "http://pccs", why: "status 500" }),
    "ZG_COLLATERAL_UNAVAILABLE",
    EXIT.network,
    "No collateral came from http://pccs: status 500",
    "--collateral",
  ],
  [
    new errors.TopUpCapError({ provider, needed: ZG, cap: 2n * ZG, moved: ZG }),
    "ZG_TOP_UP_CAP",
    EXIT.precondition,
    "of the 2 0G a day that top-ups may move there 1 0G are used",
    "npx hardhat ledger transfer",
  ],
  [
    new errors.TopUpRefundError({ provider, amount: 2n * ZG, fromRefund: ZG }),
    "ZG_TOP_UP_REFUND",
    EXIT.precondition,
    "with 2 0G would cancel 1 0G of a pending refund",
    "--cancel-refunds",
  ],
  [
    new errors.AsyncJobFailedError({ provider, jobId: "j", said: "out of memory" }),
    "ZG_ASYNC_JOB",
    EXIT.network,
    "Job j of provider",
    "costs nothing",
  ],
  [
    new errors.ImageAddressError({ provider, address: "http://elsewhere.example/x" }),
    "ZG_IMAGE_ADDRESS",
    EXIT.trust,
    "http://elsewhere.example/x",
    "--format b64_json",
  ],
  [
    new errors.ResultNotMintableError({ provider, text: `${"a".repeat(64)}:${"b".repeat(64)},${"c".repeat(64)}` }),
    "ZG_RESULT_NOT_MINTABLE",
    EXIT.trust,
    "over 2 images",
    "--n 1",
  ],
  [new SignerNotConnectedError(), "ZG_SIGNER_NOT_CONNECTED", EXIT.usage, "not connected", "signer.connect"],
];

describe("compute errors", () => {
  for (const [error, code, exit, message, remedy] of CASES) {
    it(`${error.name} (${code}) says what happened, with the values, and what to do`, () => {
      expect(error).to.be.instanceOf(ZgError);
      expect(error.code).to.equal(code);
      expect(error.exit).to.equal(exit);
      if (typeof message === "string") expect(error.message).to.contain(message);
      else expect(error.message).to.match(message);
      expect(error.remedy).to.contain(remedy);
      expect(error.message).not.to.match(/undefined|\[object|NaN/);
      expect(error.message).not.to.contain("\n");
    });
  }

  it("leaves no class out", () => {
    const tried = new Set(CASES.map(([error]) => error.name));
    const exported = Object.entries(errors).filter(([, value]) => typeof value === "function");
    expect(exported.length).to.be.greaterThan(40);
    expect(exported.map(([name]) => name).filter((name) => !tried.has(name))).to.deep.equal([]);
  });

  it("gives every class a code of its own", () => {
    const codes = new Map<string, string>();
    for (const [error, code] of CASES) {
      expect(codes.get(code) ?? error.name, code).to.equal(error.name);
      codes.set(code, error.name);
    }
  });

  it("quotes at most a line of what a provider says", () => {
    const error = new errors.ProviderRefusedError({ provider, status, said: "x".repeat(5000) });
    expect(error.message.length).to.be.lessThan(500);
  });
});
