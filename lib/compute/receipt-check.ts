/** Checks a receipt again: from its bytes alone, and against a chain. What it says of itself is believed in nothing. */

import { isDeepStrictEqual } from "node:util";

import { genesisHash } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import type { Address } from "../hex.ts";
import type { Mode } from "../networks.ts";
import { kindOfServiceType } from "../protocol/services.ts";
import { serviceFee } from "./ask.ts";
import { ProviderUnknownError, ReceiptRejectedError } from "./errors.ts";
import { beyondRequest } from "./measure-bounds.ts";
import { readService, type Service } from "./providers.ts";
import { feeText, receiptBytes, recordedService, usageOf, type Receipt } from "./receipt.ts";
import { SERVICE_RECEIPT_VERSION } from "./receipt-schema.ts";
import { readAnswer, type ServiceAnswer } from "./service-answer.ts";
import { serviceRequest, type ServiceRequest } from "./service-request.ts";
import { verifyInference, type Check, type Verification } from "./verify.ts";

interface ReceiptVerdict {
  readonly checks: readonly Check[];
  /** What could not be checked, and why. */
  readonly notChecked: readonly { readonly name: string; readonly why: string }[];
  /** Who signed, when the signature could be read. */
  readonly signer?: Address;
  /** Found out from the network it was checked against; absent without one. */
  readonly mode?: Mode;
  /** What the receipt says of itself. */
  readonly claimedMode: Mode;
}

export type ReceiptVerification =
  | (ReceiptVerdict & { readonly status: "verified"; readonly signer: Address; readonly mode: Mode })
  /** Nothing is wrong, but the chain was not asked who may sign. */
  | (ReceiptVerdict & { readonly status: "incomplete"; readonly reason: string })
  | (ReceiptVerdict & { readonly status: "rejected"; readonly failed: readonly string[]; readonly reason: string });

/**
 * Checks a receipt again from its bytes alone, and with a context also against the chain: is it the chain the receipt
 * names, who may sign for the provider now, is that signer endorsed. Needs no key. What the receipt says of itself
 * (mode, checks, text, usage, fee) is worked out anew and compared, never believed.
 * @throws {RpcUnreachableError} when the chain does not answer: an outage is no verdict.
 */
export async function verifyReceipt(ctx: ReadContext | undefined, receipt: Receipt): Promise<ReceiptVerification> {
  const recorded = recordedService(receipt);
  const listed = ctx === undefined ? undefined : await readListed(ctx, recorded.provider);
  const verification = verifyInference({
    service: listed ?? recorded,
    ...receiptBytes(receipt),
    signature: receipt.signature,
  });
  const own = checkContents(receipt, recorded);
  const chain = ctx === undefined ? undefined : await checkChain(ctx, receipt, recorded, listed);
  // Of a provider that is gone, the chain lists no signer; what the receipt recorded proves nothing.
  const proofs =
    listed === undefined ? verification.checks.filter(({ name }) => name !== "signer") : verification.checks;
  const { checks, notChecked } =
    chain === undefined ? withoutChain(verification) : { checks: [...proofs, ...chain], notChecked: [] };
  return conclude(receipt, ctx, verification, [...checks, ...own], notChecked);
}

/** A provider that is gone is a finding, not a failure to look. */
async function readListed(ctx: ReadContext, provider: Address): Promise<Service | undefined> {
  try {
    return await readService(ctx, provider);
  } catch (error) {
    if (error instanceof ProviderUnknownError) return undefined;
    throw error;
  }
}

function withoutChain(verification: Verification) {
  const why = "no network was given, so the chain was not asked";
  const signer = verification.checks.find(({ name }) => name === "signer");
  // A signer that differs even from the one the receipt itself names is wrong on any network.
  const passed = signer?.passed === true;
  return {
    checks: passed ? verification.checks.filter(({ name }) => name !== "signer") : verification.checks,
    notChecked: [{ name: "network", why }, ...(passed ? [{ name: "signer", why }] : []), { name: "endorsement", why }],
  };
}

async function checkChain(
  ctx: ReadContext,
  receipt: Receipt,
  recorded: Service,
  listed: Service | undefined,
): Promise<Check[]> {
  const { network } = ctx;
  const genesis = await genesisHash(ctx.provider);
  const sameChain = receipt.chainId === network.chainId && receipt.genesisHash === genesis;
  return [
    {
      name: "network",
      passed: sameChain,
      detail: sameChain
        ? `made on this chain: ${network.chainId}, block 0 is ${genesis}`
        : `made on chain ${receipt.chainId} with block 0 ${receipt.genesisHash}; ${network.name} is ${network.chainId} with ${genesis}`,
    },
    {
      name: "endorsement",
      passed: listed?.endorsed === true,
      detail:
        listed === undefined
          ? `no service is registered at ${recorded.provider}`
          : listed.endorsed
            ? `the contract's owner endorses ${listed.teeSignerAddress}`
            : `the contract's owner does not endorse ${listed.teeSignerAddress}`,
    },
    ...(listed === undefined
      ? [{ name: "signer", passed: false, detail: `the chain lists no service at ${recorded.provider}` }]
      : []),
  ];
}

/** What the receipt tells about its own bytes. */
function checkContents(receipt: Receipt, recorded: Service): Check[] {
  const { requestBytes, responseBytes } = receiptBytes(receipt);
  const ofService = receipt.version === SERVICE_RECEIPT_VERSION;
  const kind = ofService ? kindOfServiceType(recorded.serviceType) : "chat";
  if (kind === undefined) {
    const detail = `nobody here can read the answers of a ${recorded.serviceType} service`;
    return [{ name: "content", passed: false, detail }];
  }
  const request = serviceRequest(kind, requestBytes);
  const { answer } = readAnswer(request, responseBytes);
  return [
    claim("model", request.facts.model, recorded.model, "the request asks for"),
    claim("content", answer.content, receipt.content, "the response says"),
    receipt.version === SERVICE_RECEIPT_VERSION
      ? claim("measure", answer.measure, receipt.measure, "request and response come to")
      : claim("usage", usageOf(answer.measure), receipt.usage, "the response reports"),
    claim(
      "fee",
      feeText(serviceFee(recorded, kind, answer.measure)),
      receipt.fee,
      `${ofService ? "measure" : "usage"} and recorded prices come to`,
    ),
    boundsCheck(request, answer),
  ];
}

/** A provider that reports more than the request allows is paid for what it did not do, and says so under its signature. */
function boundsCheck(request: ServiceRequest, answer: ServiceAnswer): Check {
  const problem = beyondRequest(request, answer);
  const detail = problem ?? "what is reported is within what the request allows";
  return { name: "bounds", passed: problem === undefined, detail };
}

function claim(name: string, found: unknown, claimed: unknown, what: string): Check {
  const passed = isDeepStrictEqual(found, claimed);
  const shown = (value: unknown) => {
    const text = value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  };
  return {
    name,
    passed,
    detail: passed ? `${what} ${shown(found)}` : `${what} ${shown(found)}; the receipt says ${shown(claimed)}`,
  };
}

function conclude(
  receipt: Receipt,
  ctx: ReadContext | undefined,
  { signer }: Verification,
  checks: readonly Check[],
  notChecked: ReceiptVerdict["notChecked"],
): ReceiptVerification {
  const verdict: ReceiptVerdict = {
    checks,
    notChecked,
    claimedMode: receipt.mode,
    ...(signer === undefined ? {} : { signer }),
    ...(ctx === undefined ? {} : { mode: ctx.network.mode }),
  };
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length > 0) {
    const reason = failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
    return { ...verdict, status: "rejected", failed: [...new Set(failed.map(({ name }) => name))], reason };
  }
  if (ctx === undefined || signer === undefined) {
    const reason = notChecked.map(({ name }) => name).join(", ");
    return { ...verdict, status: "incomplete", reason: `not checked without a network: ${reason}` };
  }
  return { ...verdict, status: "verified", signer, mode: ctx.network.mode };
}

/**
 * Asserts that a receipt is proved as far as it was checked.
 * @throws {ReceiptRejectedError} naming the checks that failed.
 */
export function assertReceipt(verification: ReceiptVerification): void {
  if (verification.status !== "rejected") return;
  throw new ReceiptRejectedError({ reason: verification.reason, failed: verification.failed });
}
