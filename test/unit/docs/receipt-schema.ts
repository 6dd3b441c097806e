import { readFileSync } from "node:fs";

import { expect } from "chai";

import {
  measureSchema,
  RECEIPT_FORMS,
  RECEIPT_KIND,
  RECEIPT_VERSIONS,
  receiptJsonSchema,
} from "../../../lib/compute/receipt-schema.ts";

describe("docs/receipt.schema.json", () => {
  const written = JSON.parse(readFileSync("docs/receipt.schema.json", "utf8")) as Record<string, unknown>;

  it("is what a receipt is parsed with; if not: npx tsx scripts/dev/receipt-schema.ts", () => {
    expect(written).to.deep.equal(receiptJsonSchema());
  });

  const forms = (written["oneOf"] ?? written["anyOf"]) as Record<string, unknown>[];

  it("tells kind and version, by which a receipt names its schema, and allows no other field", () => {
    expect(written).to.include({ $schema: "https://json-schema.org/draft/2020-12/schema" });
    expect(forms).to.have.length(RECEIPT_VERSIONS.length);
    for (const [position, form] of forms.entries()) {
      expect(form).to.include({ additionalProperties: false });
      expect(form).to.have.nested.property("properties.kind.const", RECEIPT_KIND);
      expect(form).to.have.nested.property("properties.version.const", RECEIPT_VERSIONS[position]);
    }
  });

  it("says the form of an address and of a hash, which are parsed into more than their form", () => {
    for (const form of forms) {
      const pattern = (name: string) =>
        new RegExp((form["properties"] as Record<string, { pattern: string }>)[name]?.pattern ?? "");
      expect("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").to.match(pattern("user"));
      expect("70997970C51812dc3A010C7d01b50e0d17dc79C8").to.not.match(pattern("user"));
      expect(`0x${"0a".repeat(32)}`).to.match(pattern("genesisHash"));
    }
  });

  it("is explained field by field in docs/receipt.md", () => {
    const page = readFileSync("docs/receipt.md", "utf8");
    const { service, usage, ...chat } = RECEIPT_FORMS.chat.shape;
    const measures = measureSchema.options.map(({ shape }) => shape);
    const shapes = [chat, service.shape, usage.unwrap().shape, RECEIPT_FORMS.service.shape, ...measures];
    const names = shapes.flatMap((part) => Object.keys(part));
    expect(names.filter((name) => !page.includes(`\`${name}\``))).to.deep.equal([]);
  });
});
