import { expect } from "chai";

import {
  chatCompletionsUrl,
  nodeReportUrl,
  quoteUrl,
  serviceBase,
  signatureUrl,
  unsettledFeeUrl,
} from "../../../lib/protocol/endpoints.ts";
import { ServiceUrlError } from "../../../lib/protocol/errors.ts";

describe("service URLs", () => {
  it("work with or without trailing slash and /v1/proxy", () => {
    for (const tail of ["", "/", "//", "/v1/proxy", "/v1/proxy/", "//v1/proxy"]) {
      expect(serviceBase(`https://a.example:8443${tail}`), tail).to.equal("https://a.example:8443");
    }
    expect(serviceBase(" http://a.example/base/v1/proxy/ ")).to.equal("http://a.example/base");
    expect(chatCompletionsUrl("http://a.example/v1/proxy")).to.equal("http://a.example/v1/proxy/chat/completions");
    expect(quoteUrl("http://a.example/v1/proxy/")).to.equal("http://a.example/v1/quote");
    expect(unsettledFeeUrl("http://a.example/", "0x1")).to.equal("http://a.example/v1/user/0x1/unsettledfee");
  });

  it("escape the model's name", () => {
    expect(signatureUrl("http://a.example", "id-1", "org/m?x=1&y")).to.equal(
      "http://a.example/v1/proxy/signature/id-1?model=org%2Fm%3Fx%3D1%26y",
    );
    expect(nodeReportUrl("http://a.example/", "org/m&nonce=0", "ab")).to.equal(
      "http://a.example/v1/proxy/attestation/report?model=org%2Fm%26nonce%3D0&nonce=ab",
    );
  });

  it("are refused when they are no web address", () => {
    for (const url of ["", "a.example", "file:///etc/passwd", "javascript:alert(1)", "ftp://a.example"]) {
      expect(() => serviceBase(url), url).to.throw(ServiceUrlError);
    }
  });
});
