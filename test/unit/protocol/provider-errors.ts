import { expect } from "chai";

import { classifyProviderError, isSessionRefusal } from "../../../lib/protocol/provider-errors.ts";

const body = (error: unknown) => JSON.stringify({ error });
const kindOf = (status: number, error: unknown) => classifyProviderError(status, body(error)).kind;

describe("classifyProviderError", () => {
  it("reads the texts of a provider, whatever their prefix and status", () => {
    const texts: [string, string][] = [
      ["validate session: session token expired", "session-expired"],
      ["validate session: session token has been revoked", "session-revoked"],
      ["validate session: session token has been revoked (generation expired)", "session-revoked"],
      ["validate session: invalid session token (future generation)", "session-future-generation"],
      ["validate session: session token is for different provider", "session-invalid"],
      ["Provider proxy: handle proxied service, validate session: invalid signature length", "session-invalid"],
      ["missing or invalid Authorization header, must be Bearer app-sk-<…>", "session-invalid"],
      ["validate request: get account from contract, account not exist: 0x", "no-account"],
      [
        "validate request: user not acknowledge the provider, please use acknowledgeProviderSigner function in sdk first",
        "not-acknowledged",
      ],
      ["validate request: service not acknowledge the tee signer", "not-endorsed"],
      ["unsupported endpoint: endpoint not supported", "unsupported-endpoint"],
      ['prepare HTTP request: enforce configured model: model not supported: requested "x"', "model-not-supported"],
      ["prepare HTTP request: Chat id not found or expired, chat_id_not_found", "chat-id-not-found"],
      ["Request body size exceeds the maximum allowed size of 32MB", "body-too-large"],
      ["Server is currently processing too many requests. Please try again later.", "busy"],
      ["Too many concurrent requests. You have 5 active requests (limit: 5).", "rate-limited"],
      ["upstream provider timed out", "upstream-failed"],
    ];
    for (const [text, kind] of texts) {
      for (const status of [400, 401, 403]) expect(kindOf(status, text), text).to.equal(kind);
    }
  });

  it("reads an error that is an object, also nested as Anthropic does", () => {
    const error = { type: "rate_limit_error", message: "Rate limit exceeded. Please slow down." };
    expect(kindOf(429, error)).to.equal("rate-limited");
    expect(classifyProviderError(429, JSON.stringify({ type: "error", error }))).to.deep.equal({
      kind: "rate-limited",
      status: 429,
      message: error.message,
    });
  });

  it("reads the balance a provider asks for", () => {
    const text =
      "validate request: insufficient balance: your locked balance is 1.000000 0G, but the required minimum is 1.000123 0G (breakdown: …)";
    expect(classifyProviderError(400, body(text)).balance).to.deep.equal({
      locked: 10n ** 18n,
      required: 1_000_123n * 10n ** 12n,
    });
  });

  it("leaves the balance out when its numbers are no amounts", () => {
    const text = "insufficient balance: your locked balance is 1.2.3 0G, but the required minimum is 5 0G";
    expect(classifyProviderError(400, body(text))).to.not.have.property("balance");
  });

  it("goes by the status where the text says nothing", () => {
    expect([401, 402, 410, 429, 502, 503, 504].map((status) => kindOf(status, "?"))).to.deep.equal([
      "session-invalid",
      "insufficient-balance",
      "model-expired",
      "rate-limited",
      "upstream-failed",
      "busy",
      "upstream-failed",
    ]);
    expect(kindOf(400, "?")).to.equal("unknown");
    expect(kindOf(500, "?")).to.equal("unknown");
  });

  it("takes bodies that are no JSON, and shortens long ones", () => {
    expect(classifyProviderError(502, "<html>Bad Gateway</html>")).to.deep.equal({
      kind: "upstream-failed",
      status: 502,
      message: "<html>Bad Gateway</html>",
    });
    expect(classifyProviderError(500, "x".repeat(5000)).message).to.have.length(1000);
    expect(classifyProviderError(500, "").message).to.equal("");
  });

  it("knows which refusals a fresh token may cure", () => {
    expect(isSessionRefusal(classifyProviderError(400, body("session token expired")))).to.equal(true);
    expect(isSessionRefusal(classifyProviderError(400, body("insufficient balance")))).to.equal(false);
  });
});
