/** Every way the iNFT domain fails, one class each. The Why and How of each code is in docs/errors.md. */

export * from "./errors/agent.ts";
export * from "./errors/attestors.ts";
export * from "./errors/audit.ts";
export * from "./errors/content.ts";
export * from "./errors/contract.ts";
export * from "./errors/dialects.ts";
export * from "./errors/mint.ts";
export * from "./errors/proof.ts";
export * from "./errors/token.ts";
export * from "./errors/transfer.ts";
