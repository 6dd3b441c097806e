/** The commands that remedies name, in one place: an error must never point at a command that does not exist. */

import type { RequestKind } from "../protocol/services.ts";
import { format0g } from "../units.ts";

const VERBS = { chat: "chat", image: "image", edit: "edit", transcription: "transcribe", embedding: "embed" } as const;

export const COMMANDS = {
  doctor: "npx hardhat doctor",
  ledgerShow: "npx hardhat ledger show",
  deposit: (amount: bigint) => `npx hardhat ledger deposit ${format0g(amount)}`,
  transfer: (provider: string, amount: bigint) => `npx hardhat ledger transfer ${provider} ${format0g(amount)}`,
  retrieve: "npx hardhat ledger retrieve",
  withdrawAll: "npx hardhat ledger withdraw all",
  withdraw: (amount: bigint) => `npx hardhat ledger withdraw ${format0g(amount)}`,
  providers: "npx hardhat provider list",
  provider: (provider: string) => `npx hardhat provider show ${provider}`,
  acknowledge: (provider: string) => `npx hardhat provider acknowledge ${provider}`,
  chat: "npx hardhat inference chat",
  ask: (kind: RequestKind) => `npx hardhat inference ${VERBS[kind]}`,
} as const;
