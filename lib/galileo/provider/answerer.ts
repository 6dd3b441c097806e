import type { ForwardedBody } from "./request-body.ts";

/** What stands behind a provider: the built-in responder, or an upstream server. */
export interface Answerer {
  answer(question: Question): Promise<Answer>;
}

export interface Question {
  readonly body: ForwardedBody;
  /** What the built-in responder puts into the body; upstreams make their own. */
  readonly completionId: string;
  /** The client's headers, lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}
