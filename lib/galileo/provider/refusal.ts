import { STATUS_CODES } from "node:http";

/** Ends a request with a status and `{"error": …}`. Lives only between a check and the response. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;

  /** @param body what is sent where the text alone is not the form of it. */
  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}, body?: object) {
    super(text);
    this.name = "Refusal";
    this.status = status;
    this.headers = headers;
    this.body = body ?? { error: text };
  }
}

/** HTTP's own text of a status, which providers answer in place of their reason from 500 on. */
export function statusText(status: number): string {
  return STATUS_CODES[status] ?? `status ${status}`;
}
