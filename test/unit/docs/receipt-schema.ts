import { readFileSync } from "node:fs";

import { expect } from "chai";

import {
  RECEIPT_KIND,
  RECEIPT_VERSION,
  receiptJsonSchema,
  receiptSchema,
} from "../../../lib/compute/receipt-schema.ts";

describe("docs/receipt.schema.json", () => {
  const written = JSON.parse(readFileSync("docs/receipt.schema.json", "utf8")) as Record<string, unknown>;

  it("is what a receipt is parsed with; if not: npx tsx scripts/dev/receipt-schema.ts", () => {
    expect(written).to.deep.equal(receiptJsonSchema());
  });

  it("tells kind and version, by which a receipt names its schema, and allows no other field", () => {
    expect(written).to.include({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      additionalProperties: false,
    });
    expect(written).to.have.nested.property("properties.kind.const", RECEIPT_KIND);
    expect(written).to.have.nested.property("properties.version.const", RECEIPT_VERSION);
  });

  it("says the form of an address and of a hash, which are parsed into more than their form", () => {
    const pattern = (name: string) =>
      new RegExp((written["properties"] as Record<string, { pattern: string }>)[name]?.pattern ?? "");
    expect("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").to.match(pattern("user"));
    expect("70997970C51812dc3A010C7d01b50e0d17dc79C8").to.not.match(pattern("user"));
    expect(`0x${"0a".repeat(32)}`).to.match(pattern("genesisHash"));
  });

  it("is explained field by field in docs/receipt.md", () => {
    const page = readFileSync("docs/receipt.md", "utf8");
    const { service, usage, ...shape } = receiptSchema.shape;
    const names = [shape, service.shape, usage.unwrap().shape].flatMap((part) => Object.keys(part));
    expect(names.filter((name) => !page.includes(`\`${name}\``))).to.deep.equal([]);
  });
});
