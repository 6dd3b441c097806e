import { expect } from "chai";

import { billedImages, imageExtension, imagesOf } from "../../../lib/protocol/images.ts";

describe("imagesOf", () => {
  it("decodes images and keeps the addresses of those that are elsewhere, in order", () => {
    const body = { data: [{ b64_json: "AQID" }, { url: "http://127.0.0.1/v1/proxy/images/k/1" }] };
    expect(imagesOf(body)).to.deep.equal([
      { bytes: new Uint8Array([1, 2, 3]) },
      { url: "http://127.0.0.1/v1/proxy/images/k/1" },
    ]);
  });

  it("takes base64 as Go does: line ends are passed over, padding is not", () => {
    expect(imagesOf({ data: [{ b64_json: "AQ\r\nID" }] })).to.deep.equal([{ bytes: new Uint8Array([1, 2, 3]) }]);
    for (const b64_json of ["AQI", "AQ_D", "AQID====", "A QID", " "]) {
      expect(imagesOf({ data: [{ b64_json }] }), b64_json).to.equal(undefined);
    }
  });

  for (const body of [undefined, null, {}, { data: {} }, { data: [{}] }, { data: [{ b64_json: "AQID" }, "x"] }]) {
    it(`finds none in ${JSON.stringify(body)}`, () => {
      expect(imagesOf(body)).to.equal(undefined);
    });
  }
});

describe("billedImages", () => {
  for (const [stated, images] of [
    [undefined, 1],
    [1, 1],
    [4, 4],
    ["3", 3],
    [2.9, 2],
    [0, 1],
    [-5, 1],
    ["", 1],
    ["x", 1],
    ["-2", 1],
    [Number.NaN, 1],
    [Infinity, 1],
    [[2], 1],
  ] as const) {
    it(`charges for ${images} when a request says ${JSON.stringify(stated)}`, () => {
      expect(billedImages(stated)).to.equal(images);
    });
  }
});

describe("imageExtension", () => {
  it("goes by the first bytes, whatever the image is called", () => {
    expect(imageExtension(Buffer.from("89504e470d0a1a0a0000", "hex"))).to.equal("png");
    expect(imageExtension(Buffer.from("ffd8ffe0", "hex"))).to.equal("jpg");
    expect(imageExtension(Buffer.from("RIFF0000WEBPVP8 "))).to.equal("webp");
    expect(imageExtension(Buffer.from("GIF89a"))).to.equal("gif");
    expect(imageExtension(Buffer.from("<svg>"))).to.equal("bin");
    expect(imageExtension(new Uint8Array())).to.equal("bin");
  });
});
