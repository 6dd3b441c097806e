import type { RawAnswer } from "../../compute/ask.ts";
import {
  ChatIdMissingError,
  ResponseCutError,
  ResponseMalformedError,
  SignatureDocumentError,
  SignatureMissingError,
} from "../../compute/errors.ts";
import { chat, fetchSignature, readChatResult, type InferenceResult } from "../../compute/inference.ts";
import { readService, type Service } from "../../compute/providers.ts";
import { createReceipt, withAuditLog } from "../../compute/receipt.ts";
import { requestOutcome } from "../../compute/request-outcome.ts";
import { verifyInference } from "../../compute/verify.ts";
import { assertSameTerms } from "../../guards/terms.ts";
import { withUnit } from "../../units.ts";
import { storageRoot } from "../../storage/merkle.ts";
import { completionLog } from "../audit.ts";
import { assertPlanned } from "../bill.ts";
import { billedNow, possibleCharge } from "../charge.ts";
import { requireService, type FlowContext, type FlowStep } from "../context.ts";
import { AnswerUnknownError } from "../errors.ts";
import { lastFact, storeAnswer, unanswered } from "../journal.ts";
import { ceilingError, failedChecks, keptAnswer, quarantine } from "../quarantine.ts";
import { answerBound, requestOf } from "./funding.ts";

/**
 * Asserts that nothing was asked whose answer is missing, or that the user wants it asked, and paid, again.
 * @throws {AnswerUnknownError} with what the provider billed since.
 */
export async function assertAnswersKnown(ctx: FlowContext): Promise<void> {
  const asked = unanswered(ctx.journal);
  if (asked === undefined) return;
  const { provider, worst } = asked;
  const charge = await possibleCharge(ctx, asked);
  const values = { id: ctx.id, provider, charge, ...(worst === undefined ? {} : { worst: BigInt(worst) }) };
  const error = new AnswerUnknownError(values);
  if (!ctx.retryUnanswered) throw error;
  ctx.write.log?.(`note: ${error.message}`);
}

/** Asserts that the chain still lists what was agreed to. Nothing but the request comes after it. */
async function assertAsAgreed(ctx: FlowContext, provider: Service["provider"]): Promise<Service> {
  const service = await readService(ctx.read, provider);
  const terms = lastFact(ctx.journal, "provider")?.terms;
  if (terms !== undefined) assertSameTerms(terms, service);
  const tooDear = ceilingError(ctx, service);
  if (tooDear !== undefined) throw tooDear;
  return service;
}

/** Asks, and keeps what came before anything else can fail. */
async function ask(ctx: FlowContext, { provider, model }: Service): Promise<RawAnswer> {
  const { journal, random, session, http } = ctx;
  const kept = keptAnswer(journal);
  if (kept !== undefined) return kept;
  if (!ctx.retryUnanswered) await assertAnswersKnown(ctx);
  // Whatever keeps a token from being made shall fail before the journal says that something was asked.
  await session.header(provider);
  const service = await assertAsAgreed(ctx, provider);
  const worst = answerBound(ctx, service);
  assertPlanned(ctx.plan, "fee", worst, `ask ${model}`);
  const requestBytes = requestOf(ctx, model, random);
  const billed = await billedNow(ctx, service);
  const reservation = await ctx.budgets?.reserve({ run: ctx.id, what: `ask ${model}`, provider, worst });
  journal.append({
    ...{ type: "asked", provider, request: Buffer.from(requestBytes).toString("base64") },
    ...{ time: new Date(ctx.clock()).toISOString(), worst: worst.toString(), billed },
    ...(reservation === undefined ? {} : { reservation: reservation.id }),
  });
  const onReceived = (raw: RawAnswer) => {
    journal.append({ type: "received", result: storeAnswer(raw) });
  };
  try {
    const { fee } = await chat({ ...http, session }, { service, requestBytes, onReceived });
    await reservation?.settle(fee.fee);
  } catch (error) {
    // What came is judged by what was kept of it, now and whenever the run is continued.
    const raw = keptAnswer(journal);
    if (raw !== undefined) return raw;
    // A refusal is an answer too: nothing was served, so nothing can be charged.
    if (requestOutcome(error) === "not served") {
      journal.append({ type: "refused", provider });
      await reservation?.release();
    }
    throw error;
  }
  const raw = keptAnswer(journal);
  if (raw === undefined) throw new Error("an answer came, and was not kept");
  return raw;
}

/** What the answer says. One that says nothing is kept, and no more is done with it. */
async function read(ctx: FlowContext, service: Service, raw: RawAnswer): Promise<InferenceResult> {
  try {
    return readChatResult(service, raw);
  } catch (error) {
    if (!(error instanceof ResponseMalformedError || error instanceof ResponseCutError)) throw error;
    const { provider } = service;
    const fee = BigInt(lastFact(ctx.journal, "asked")?.worst ?? 0);
    return quarantine(ctx, { provider, failed: "form", reason: error.message, fee }, error);
  }
}

/** The signature of an answer. One that is not there yet may come; an answer that names none has none. */
async function signatureOf(ctx: FlowContext, service: Service, { chatId, fee: { fee } }: InferenceResult) {
  const { provider } = service;
  try {
    if (chatId === undefined) throw new ChatIdMissingError({ provider });
    return await fetchSignature(ctx.http, service, chatId);
  } catch (error) {
    const never = error instanceof ChatIdMissingError;
    const givenUp = error instanceof SignatureMissingError || error instanceof SignatureDocumentError;
    if (!never && !(givenUp && ctx.retryRejected === true)) throw error;
    return quarantine(ctx, { provider, failed: never ? "chat id" : "signature", reason: error.message, fee }, error);
  }
}

export const inferStep: FlowStep = {
  id: "infer",
  title: "infer",
  check: async ({ journal }) => {
    const answered = lastFact(journal, "answered");
    if (answered === undefined) return { done: false, reason: "not asked" };
    const { receipt } = answered;
    const { fee } = receipt;
    const usage = "usage" in receipt ? receipt.usage : undefined;
    const tokens = usage === undefined ? "" : `${usage.promptTokens} + ${usage.completionTokens} tokens, `;
    return { done: true, detail: `${tokens}${withUnit(BigInt(fee.fee))}` };
  },
  run: async (ctx) => {
    const service = await requireService(ctx);
    const result = await read(ctx, service, await ask(ctx, service));
    const signature = await signatureOf(ctx, service, result);
    const { requestBytes, responseBytes } = result;
    const verification = verifyInference({ service, requestBytes, responseBytes, signature });
    const { network } = ctx.read;
    const { genesisHash, owner, journal } = ctx;
    const proof = createReceipt({ network, genesisHash, service, result, signature, verification });
    if (verification.status === "rejected") {
      const { provider } = service;
      const found = failedChecks(verification.checks);
      await quarantine(ctx, { provider, ...found, fee: result.fee.fee, receipt: proof });
    }
    const log = completionLog({ chainId: network.chainId, genesisHash, owner }, journal, proof);
    const receipt = withAuditLog(proof, storageRoot(log));
    ctx.journal.append({ type: "answered", receipt });
    await ctx.receipts.save(ctx.id, receipt);
  },
};
