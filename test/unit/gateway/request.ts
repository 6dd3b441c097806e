import { expect } from "chai";

import { describeService, type Service } from "../../../lib/compute/providers.ts";
import { GatewayRequestError } from "../../../lib/gateway/errors.ts";
import { fitRequest, readRequest, worstFee } from "../../../lib/gateway/request.ts";
import type { RequestKind } from "../../../lib/protocol/services.ts";

const PROVIDER = "0xBcd4042DE499D14e55001CcbB24a551F3b954096";

function service(additionalInfo: object = {}): Service {
  return describeService({
    provider: PROVIDER,
    serviceType: "chatbot",
    url: "http://127.0.0.1:1",
    model: "maker/model",
    inputPrice: 1n,
    outputPrice: 10n,
    updatedAt: 0n,
    verifiability: "TeeML",
    additionalInfo: JSON.stringify(additionalInfo),
    teeSignerAddress: PROVIDER,
    endorsed: true,
  });
}
const read = (body: unknown, kind: RequestKind = "chat") =>
  readRequest(kind, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), "application/json");
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const messages = [{ role: "user", content: "<hi>" }];

describe("fitRequest", () => {
  it("leaves a request that names the model as it is, byte for byte", () => {
    const body = `{ "model" : "maker/model",  "messages":[1] }`;
    expect(text(fitRequest(read(body), service()).body)).to.equal(body);
  });

  it("writes any other as a broker would: the model filled in or renamed, keys sorted, HTML escaped", () => {
    for (const model of [undefined, "model"]) {
      expect(text(fitRequest(read({ messages, model }), service()).body)).to.equal(
        '{"messages":[{"content":"\\u003chi\\u003e","role":"user"}],"model":"maker/model"}',
      );
    }
  });

  it("has a stream report its usage, unless the request decided that", () => {
    const base = { model: "maker/model", messages, stream: true };
    const options = (given: object) => JSON.parse(text(fitRequest(read(given), service()).body)).stream_options;
    expect(options(base)).to.deep.equal({ include_usage: true });
    expect(options({ ...base, stream_options: { other: 1 } })).to.deep.equal({ other: 1, include_usage: true });
    expect(options({ ...base, stream_options: { include_usage: false } })).to.deep.equal({ include_usage: false });
  });

  it("bounds the tokens of a chat that names no limit, only where it is told to", () => {
    const bounded = (given: object, tokens?: number) =>
      JSON.parse(text(fitRequest(read({ model: "maker/model", messages, ...given }), service(), tokens).body));
    expect(bounded({}, 7).max_tokens).to.equal(7);
    expect(bounded({})).to.not.have.property("max_tokens");
    expect(bounded({ max_completion_tokens: 5 }, 7)).to.not.have.property("max_tokens");
  });

  it("writes for a provider that forwards under another name as its broker will", () => {
    const separated = service({ TargetSeparated: true, TargetTeeAddress: PROVIDER });
    expect(text(fitRequest(read(`{ "model": "maker/model", "messages": [1] }`), separated).body)).to.equal(
      '{"messages":[1],"model":"maker/model"}',
    );
  });

  it("refuses what it could not write again", () => {
    expect(() => fitRequest(read('{"messages":[1],"temperature":1e999}'), service())).to.throw(GatewayRequestError);
  });
});

describe("worstFee", () => {
  it("is a token for each byte, and the limit or the default, for each choice", () => {
    const request = read({ model: "maker/model", messages, max_tokens: 3 });
    const bytes = BigInt(request.body.length);
    expect(worstFee(service(), request, 100)).to.equal(bytes + 30n);
    const open = read({ model: "maker/model", messages });
    expect(worstFee(service(), open, 100)).to.equal(BigInt(open.body.length) + 1_000n);
    const several = read({ model: "maker/model", messages, n: 4 });
    expect(worstFee(service(), several, 100)).to.equal(4n * (BigInt(several.body.length) + 1_000n));
  });
});
