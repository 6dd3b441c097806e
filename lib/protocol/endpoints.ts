/** The addresses below a service's registered URL. */

import { CHAT_PATH, PROXY_PATH } from "./constants.ts";
import { ServiceUrlError } from "./errors.ts";

/**
 * Normalises a registered URL: without trailing slashes, and without `/v1/proxy`, which some registrations include.
 * @throws {ServiceUrlError} when it is not http or https.
 */
export function serviceBase(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url.trim());
  } catch (error) {
    throw new ServiceUrlError(url, error);
  }
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw new ServiceUrlError(url);
  const path = parsed.pathname
    .replace(/\/+$/, "")
    .replace(/\/v1\/proxy$/, "")
    .replace(/\/+$/, "");
  return parsed.origin + path;
}

export function chatCompletionsUrl(url: string): string {
  return serviceBase(url) + PROXY_PATH + CHAT_PATH;
}

/** `model` lets nodes that serve several models pick the right key. The chat id has been checked by `chatIdFrom`. */
export function signatureUrl(url: string, chatId: string, model: string): string {
  const id = encodeURIComponent(chatId);
  return `${serviceBase(url)}${PROXY_PATH}/signature/${id}?model=${encodeURIComponent(model)}`;
}

export function modelsUrl(url: string): string {
  return `${serviceBase(url)}/v1/models`;
}

export function unsettledFeeUrl(url: string, user: string): string {
  return `${serviceBase(url)}/v1/user/${user}/unsettledfee`;
}

/** A broker's own attestation report. */
export function quoteUrl(url: string): string {
  return `${serviceBase(url)}/v1/quote`;
}

/** The report of the node that runs the model. @param nonce 64 hexadecimal digits, which the report must carry. */
export function nodeReportUrl(url: string, model: string, nonce: string): string {
  return `${serviceBase(url)}${PROXY_PATH}/attestation/report?model=${encodeURIComponent(model)}&nonce=${nonce}`;
}
