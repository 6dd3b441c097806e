import type { ChatMessage } from "../protocol/chat.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";

/** What a run asks, and whom. */
export interface Question {
  readonly messages: readonly ChatMessage[];
  /** Bounds the price of the answer. */
  readonly maxTokens: number;
  readonly temperature?: number;
  /** Address or model name; absent means: the cheapest whose results can be minted. */
  readonly provider?: string;
}

/** One text for one question, whatever the order of its keys. */
export function questionText(question: Question): string {
  return canonicalJson(question);
}
