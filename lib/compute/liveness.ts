/** Whether anybody serves at a provider's registered address: asked before money moves there, and it costs nothing. */

import { AddressRefusedError } from "../border.ts";
import type { Address } from "../hex.ts";
import { modelsUrl } from "../protocol/endpoints.ts";
import { ServiceUrlError } from "../protocol/errors.ts";
import {
  ProviderDownError,
  ProviderTimeoutError,
  RedirectRefusedError,
  ResponseCutError,
  ResponseTooLargeError,
} from "./errors.ts";
import { exchange, type HttpDeps } from "./provider-http.ts";
import { chooseService, type Choice, type Service } from "./providers.ts";

const WHAT = "Looking for the provider";
const TIMEOUT_MS = 10_000;
/** A model list is smaller; more than this is an answer as well. */
const MAX_BYTES = 1024 * 1024;
/** What a gateway says when nobody is behind it. */
const NOBODY_BEHIND = new Set([502, 503, 504]);

/**
 * Asserts that somebody answers at the provider's address. Any answer will do: some providers show no model list.
 * @throws {ProviderDownError} {@link ProviderTimeoutError} {@link ResponseCutError} when nobody does.
 * @throws {ServiceUrlError} when the registered URL is none. {@link AddressRefusedError} {@link AbortedError}
 */
export async function assertAnswers(http: HttpDeps, service: Pick<Service, "url">): Promise<void> {
  const url = modelsUrl(service.url);
  const timeoutMs = Math.min(http.timeoutMs ?? TIMEOUT_MS, TIMEOUT_MS);
  let status: number;
  try {
    ({ status } = await exchange(
      { ...http, timeoutMs, maxResponseBytes: MAX_BYTES },
      { what: WHAT, url, method: "GET" },
    ));
  } catch (error) {
    if (error instanceof RedirectRefusedError || error instanceof ResponseTooLargeError) return;
    throw error;
  }
  if (NOBODY_BEHIND.has(status)) throw new ProviderDownError({ what: WHAT, url, status });
}

/** Like {@link assertAnswers}, as an answer. */
export async function answers(http: HttpDeps, service: Pick<Service, "url">): Promise<boolean> {
  try {
    await assertAnswers(http, service);
    return true;
  } catch (error) {
    const silent =
      error instanceof ProviderDownError ||
      error instanceof ProviderTimeoutError ||
      error instanceof ResponseCutError ||
      error instanceof AddressRefusedError ||
      error instanceof ServiceUrlError;
    if (silent) return false;
    throw error;
  }
}

/**
 * Chooses as {@link chooseService} does, passing over providers that do not answer.
 * @throws {NoSuitableProviderError} saying why each of the others was passed over.
 */
export async function chooseAnsweringService(
  http: HttpDeps,
  services: readonly Service[],
  criteria: Choice = {},
): Promise<Service> {
  const silent = new Set<Address>(criteria.silent);
  for (;;) {
    const service = chooseService(services, { ...criteria, silent });
    if (await answers(http, service)) return service;
    silent.add(service.provider);
  }
}
