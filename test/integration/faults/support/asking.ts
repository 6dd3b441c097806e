/** A customer who asks the provider behind its proxy. */

import { randomBytes } from "node:crypto";

import { buildChatRequest, chat, fetchSignature, type InferenceResult } from "../../../../lib/compute/inference.ts";
import type { HttpDeps } from "../../../../lib/compute/provider-http.ts";
import { verifyInference, type Verification } from "../../../../lib/compute/verify.ts";
import type { FaultUser, FaultWorld } from "./world.ts";

export const CHAT = /\/chat\/completions$/;
export const SIGNATURE = /\/signature\//;
export const UNSETTLED = /\/unsettledfee$/;

export interface Asking {
  readonly stream: boolean;
  /** Default: the world's. */
  readonly http?: HttpDeps;
}

/** Asks once, and pays. */
export async function ask(
  world: FaultWorld,
  user: FaultUser,
  { stream, http = world.http }: Asking,
): Promise<InferenceResult> {
  const { service } = world;
  const requestBytes = buildChatRequest({
    ...{ model: service.model, stream, maxTokens: 64, random: randomBytes },
    messages: [{ role: "user", content: "What is 2+2?" }],
  });
  return chat({ ...http, session: user.session }, { service, requestBytes, stream });
}

/** Fetches the signature of an answer and checks it. */
export async function prove(world: FaultWorld, result: InferenceResult, http = world.http): Promise<Verification> {
  const { service } = world;
  const { requestBytes, responseBytes, chatId } = result;
  if (chatId === undefined) throw new Error("the answer names no chat id");
  const signature = await fetchSignature(http, service, chatId);
  return verifyInference({ service, requestBytes, responseBytes, signature });
}
