import { CODES } from "../json-rpc.ts";

/** Ends a request with a JSON-RPC error, in the form of 0G's nodes. Lives only between a check and the response. */
export class RpcRefusal extends Error {
  readonly code: number;
  readonly data: string | undefined;

  constructor(code: number, message: string, data?: string) {
    super(message);
    this.name = "RpcRefusal";
    this.code = code;
    this.data = data;
  }
}

export function invalidParams(field: string, reason: string): RpcRefusal {
  return new RpcRefusal(CODES.invalidParams, `Invalid params: ${field}`, reason);
}

export function internalError(reason: string): RpcRefusal {
  return new RpcRefusal(CODES.internal, "Internal error", reason);
}
