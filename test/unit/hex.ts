import { expect } from "chai";

import { UsageError } from "../../lib/errors.ts";
import { checksum, fromHex, isHex, parseAddress, shortAddress, toHex, ZERO_ADDRESS } from "../../lib/hex.ts";

const CHECKSUMMED = "0xE70830508dAc0A97e6c087c75f402f9Be669E406";

describe("parseAddress", () => {
  it("accepts lower case, upper case and a right checksum, and answers in EIP-55", () => {
    expect(parseAddress(CHECKSUMMED)).to.equal(CHECKSUMMED);
    expect(parseAddress(CHECKSUMMED.toLowerCase())).to.equal(CHECKSUMMED);
    expect(parseAddress(`0x${CHECKSUMMED.slice(2).toUpperCase()}`)).to.equal(CHECKSUMMED);
    expect(parseAddress(ZERO_ADDRESS)).to.equal(ZERO_ADDRESS);
  });

  const refused = {
    "a wrong checksum": CHECKSUMMED.replace("0xE", "0xe"),
    "39 digits": CHECKSUMMED.slice(0, -1),
    "41 digits": `${CHECKSUMMED}0`,
    "no 0x": CHECKSUMMED.slice(2),
    "an ICAP address": "XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS",
    "a digit that is none": `0x${"g".repeat(40)}`,
    "a name": "vitalik.eth",
    nothing: "",
  };
  for (const [name, text] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      expect(() => parseAddress(text, "provider")).to.throw(UsageError, "is not a valid provider");
    });
  }
});

describe("checksum", () => {
  it("puts an address into its EIP-55 form", () => {
    expect(checksum(CHECKSUMMED.toLowerCase())).to.equal(CHECKSUMMED);
  });
});

describe("isHex", () => {
  for (const value of ["0x", "0x00", "0xAbCd"]) {
    it(`says yes to ${value}`, () => {
      expect(isHex(value)).to.be.true;
    });
  }
  for (const value of ["", "00", "0x0", "0xzz", "0X00", " 0x00", "0x00\n", 0, null, undefined, new Uint8Array()]) {
    it(`says no to ${typeof value} ${JSON.stringify(value)}`, () => {
      expect(isHex(value)).to.be.false;
    });
  }
});

describe("toHex and fromHex", () => {
  it("are inverse over every byte value", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

    expect([...fromHex(toHex(bytes))]).to.deep.equal([...bytes]);
    expect(toHex(bytes)).to.have.length(2 + 512);
  });

  it("map empty bytes to 0x and back", () => {
    expect(toHex(new Uint8Array())).to.equal("0x");
    expect(fromHex("0x")).to.have.length(0);
  });

  it("respect the window of a subarray", () => {
    expect(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).to.equal("0x0203");
  });
});

describe("shortAddress", () => {
  it("keeps both ends", () => {
    expect(shortAddress(CHECKSUMMED)).to.equal("0xE708…E406");
  });
});
