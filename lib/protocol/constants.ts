/** Facts of the provider protocol that are on no chain. */

import { NEURON_PER_0G } from "../units.ts";

/**
 * What a provider wants locked on top of all unsettled fees, in neuron. The contract knows nothing of it: the
 * provider's own refusal states the minimum it really applies (see `classifyProviderError`).
 */
export const PROVIDER_MINIMUM_RESERVE = NEURON_PER_0G;

/** Response header that carries the id under which the signature is fetched. */
export const CHAT_ID_HEADER = "ZG-Res-Key";

/** Largest request body a provider reads. */
export const MAX_REQUEST_BYTES = 32 * 1024 * 1024;

/** A provider keeps a signature this long after the answer. Milliseconds. */
export const SIGNATURE_LIFETIME_MS = 20 * 60 * 1000;

/** `settleFeesWithTEE` and `previewSettlementResults` take at most this many items. */
export const SETTLEMENT_BATCH = 50;

/** Paths below a service's base URL. */
export const PROXY_PATH = "/v1/proxy";
export const CHAT_PATH = "/chat/completions";
