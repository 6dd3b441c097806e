import { expect } from "chai";

import {
  ProviderDownError,
  ProviderTimeoutError,
  RateLimitedError,
  RedirectRefusedError,
} from "../../../lib/compute/errors.ts";
import { errorEvent, openAiError } from "../../../lib/gateway/error-shape.ts";
import * as errors from "../../../lib/gateway/errors.ts";

const provider = "0xBcd4042DE499D14e55001CcbB24a551F3b954096";

describe("errors in OpenAI's shape", () => {
  const CASES = [
    [new errors.GatewayKeyError(true), 401, "authentication_error", "invalid_api_key"],
    [new errors.GatewayDoorError("host"), 403, "invalid_request_error", null],
    [new errors.GatewayDoorError("content-type"), 415, "invalid_request_error", null],
    [new errors.GatewayModelError({ model: "x", known: [] }), 404, "invalid_request_error", "model_not_found"],
    [new errors.GatewayPathError({ method: "GET", path: "/x" }), 404, "invalid_request_error", "unknown_url"],
    [new errors.GatewayRequestError("no", "n"), 400, "invalid_request_error", null],
    [new errors.GatewayTooLargeError(1), 413, "invalid_request_error", "request_too_large"],
    [
      new errors.GatewayBudgetError({ who: "alice", limit: 1n, spent: 1n, reserved: 0n, worst: 1n }),
      402,
      "insufficient_quota",
      "insufficient_quota",
    ],
    [new errors.GatewayFundsError({ providers: [] }), 402, "insufficient_quota", "insufficient_quota"],
    [new errors.GatewayBusyError({ why: "full" }), 503, "server_error", "server_overloaded"],
    [new errors.GatewayFailedError(new Error("secret")), 500, "server_error", null],
    [new RateLimitedError({ provider, status: 429, said: "" }), 429, "rate_limit_error", "rate_limit_exceeded"],
    [new ProviderTimeoutError({ what: "x", url: "y", timeoutMs: 1 }), 504, "server_error", "timeout"],
    [new ProviderDownError({ what: "x", url: "y" }), 502, "server_error", null],
    [new RedirectRefusedError({ url: "x" }), 502, "server_error", null],
  ] as const;
  for (const [error, status, type, code] of CASES) {
    it(`gives ${error.code} the status ${status}`, () => {
      const shaped = openAiError(error);
      expect(shaped.status).to.equal(status);
      expect(shaped.body.error).to.include({ type, code, zg_code: error.code, message: error.message });
    });
  }

  it("names the member that is at fault, and never a cause", () => {
    expect(openAiError(new errors.GatewayRequestError("no", "n")).body.error.param).to.equal("n");
    expect(JSON.stringify(openAiError(new errors.GatewayFailedError(new Error("secret"))))).to.not.include("secret");
  });

  it("are one event of a stream", () => {
    const written = errorEvent(new errors.GatewayBusyError({ why: "full" }));
    expect(written).to.match(/^data: \{"error":\{.*\}\}\n\n$/);
  });
});
