/** Every way the compute domain fails, one class each. */

export * from "./errors/attestation.ts";
export * from "./errors/exchange.ts";
export * from "./errors/ledger.ts";
export * from "./errors/providers.ts";
export * from "./errors/top-up.ts";
export * from "./errors/trust.ts";
