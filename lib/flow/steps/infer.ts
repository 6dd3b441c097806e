import { ChatIdMissingError } from "../../compute/errors.ts";
import { chat, fetchSignature, type InferenceResult } from "../../compute/inference.ts";
import type { Service } from "../../compute/providers.ts";
import { createReceipt, withAuditLog } from "../../compute/receipt.ts";
import { verifyInference } from "../../compute/verify.ts";
import { EXIT, ZgError } from "../../errors.ts";
import { withUnit } from "../../units.ts";
import { storageRoot } from "../../storage/merkle.ts";
import { completionLog } from "../audit.ts";
import { assertPlanned } from "../bill.ts";
import { requireService, type FlowContext, type FlowStep } from "../context.ts";
import { AnswerUnknownError, isUnanswered, lastFact, restoreResult, storeResult } from "../journal.ts";
import { answerBound, requestOf } from "./funding.ts";

/** The provider answered with a status that is no success: it served nothing and charges nothing. */
function wasRefused(error: unknown): boolean {
  if (!(error instanceof ZgError)) return false;
  return error.exit === EXIT.precondition || typeof error.details["status"] === "number";
}

/** Asks, and keeps what came before anything else can fail. */
async function ask(ctx: FlowContext, service: Service): Promise<InferenceResult> {
  const { journal, random, session, http } = ctx;
  const received = lastFact(journal, "received");
  if (received !== undefined) return restoreResult(received.result);
  const { provider, model } = service;
  if (isUnanswered(journal) && !ctx.retryUnanswered) {
    throw new AnswerUnknownError({ id: ctx.id, provider });
  }
  assertPlanned(ctx.plan, "fee", answerBound(ctx, service), `ask ${model}`);
  const requestBytes = requestOf(ctx, model, random);
  // Whatever keeps a token from being made shall fail before the journal says that something was asked.
  await session.header(provider);
  const time = new Date(ctx.clock()).toISOString();
  journal.append({ type: "asked", provider, request: Buffer.from(requestBytes).toString("base64"), time });
  let result: InferenceResult;
  try {
    result = await chat({ ...http, session }, { service, requestBytes });
  } catch (error) {
    // A refusal is an answer too: nothing was served, so nothing can be charged.
    if (wasRefused(error)) journal.append({ type: "refused", provider });
    throw error;
  }
  journal.append({ type: "received", result: storeResult(result) });
  return result;
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
    const result = await ask(ctx, service);
    const { requestBytes, responseBytes, chatId } = result;
    if (chatId === undefined) throw new ChatIdMissingError({ provider: service.provider });
    const signature = await fetchSignature(ctx.http, service, chatId);
    const verification = verifyInference({ service, requestBytes, responseBytes, signature });
    const { network } = ctx.read;
    const { genesisHash, owner, journal } = ctx;
    const proof = createReceipt({ network, genesisHash, service, result, signature, verification });
    const log = completionLog({ chainId: network.chainId, genesisHash, owner }, journal, proof);
    const receipt = withAuditLog(proof, storageRoot(log));
    ctx.journal.append({ type: "answered", receipt });
    await ctx.receipts.save(ctx.id, receipt);
  },
};
