import { expect } from "chai";
import { assert, asyncProperty, string, uint8Array } from "fast-check";

import { fieldOf, readForm, writeForm, type FormPart } from "../../../lib/protocol/multipart.ts";

const BOUNDARY = "0g-000102030405060708090a0b0c0d0e0f";
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

describe("writeForm", () => {
  it("writes fields and files byte for byte as RFC 7578 has them", () => {
    const { contentType, body } = writeForm(
      [
        { name: "model", value: "m" },
        { name: "file", fileName: 'a".wav', contentType: "audio/wav", bytes: new Uint8Array([1, 2, 13, 10]) },
      ],
      BOUNDARY,
    );
    expect(contentType).to.equal(`multipart/form-data; boundary=${BOUNDARY}`);
    expect(text(body)).to.equal(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n` +
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a%22.wav"\r\n` +
        `Content-Type: audio/wav\r\n\r\n\u0001\u0002\r\n\r\n--${BOUNDARY}--\r\n`,
    );
  });

  it("is read by the platform's own reader, whatever the parts hold", async () => {
    await assert(
      asyncProperty(string({ unit: "grapheme" }), uint8Array({ maxLength: 400 }), async (value, bytes) => {
        const parts: FormPart[] = [
          { name: "prompt", value },
          { name: "file", fileName: "f.bin", contentType: "application/octet-stream", bytes },
        ];
        const { contentType, body } = writeForm(parts, BOUNDARY);
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- a reader of another hand, to compare with
        const form = await new Response(body, { headers: { "content-type": contentType } }).formData();
        expect(form.get("prompt")).to.equal(value);
        const file = form.get("file") as File;
        expect(new Uint8Array(await file.arrayBuffer())).to.deep.equal(bytes);
        const read = readForm(body) ?? [];
        expect(fieldOf(read, "prompt")).to.equal(value);
        expect(read[1]).to.deep.equal(parts[1]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("readForm", () => {
  it("reads what undici writes, by the boundary it begins with", async () => {
    const form = new FormData();
    form.set("n", "2");
    form.set("image", new File(["pixels"], "a.png", { type: "image/png" }));
    const body = new Uint8Array(await new Response(form).arrayBuffer());
    const parts = readForm(body) ?? [];
    expect(fieldOf(parts, "n")).to.equal("2");
    expect(fieldOf(parts, "image")).to.equal(undefined);
    expect(parts[1]).to.include({ name: "image", fileName: "a.png", contentType: "image/png" });
  });

  it("takes the last of two fields of one name", () => {
    const { body } = writeForm(
      [
        { name: "n", value: "1" },
        { name: "n", value: "4" },
      ],
      BOUNDARY,
    );
    expect(fieldOf(readForm(body) ?? [], "n")).to.equal("4");
  });

  for (const broken of ["", "--", `--${BOUNDARY}`, `--${BOUNDARY}\r\n`, `--${BOUNDARY}\r\nx\r\n`, '{"a":1}']) {
    it(`refuses ${JSON.stringify(broken)}`, () => {
      expect(readForm(Buffer.from(broken))).to.equal(undefined);
    });
  }

  it("refuses a form that breaks off", () => {
    const { body } = writeForm([{ name: "n", value: "1" }], BOUNDARY);
    expect(readForm(body.subarray(0, body.length - 20))).to.equal(undefined);
  });
});
