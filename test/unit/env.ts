import { expect } from "chai";

import {
  decryptionVariable,
  goAgentKey,
  GoAgentKeyMissingError,
  isPrivateKey,
  keyVariable,
  parsePrivateKey,
  PrivateKeyMalformedError,
  rpcSetting,
  setting,
  VARIABLES,
  type VariableName,
} from "../../lib/env.ts";
import { developmentAccount } from "../../lib/chain/development-keys.ts";

const KEY = developmentAccount(0).privateKey;

describe("setting", () => {
  it("takes the canonical variable first and says so", () => {
    const env = { RPC_URL: "https://c", ZG_CHAIN_RPC: "https://b", GALILEO_RPC_URL: "https://a" };
    expect(setting("GALILEO_RPC_URL", env)).to.deep.equal({ value: "https://a", from: "GALILEO_RPC_URL" });
  });

  it("falls to the aliases in the order of the table, naming the one used", () => {
    const env = { RPC_URL: "https://c", ZG_CHAIN_RPC: "https://b" };
    expect(setting("GALILEO_RPC_URL", env)).to.deep.equal({ value: "https://b", from: "ZG_CHAIN_RPC" });
    expect(setting("GALILEO_RPC_URL", { RPC_URL: "https://c" })).to.deep.equal({ value: "https://c", from: "RPC_URL" });
  });

  it("falls to the built-in value at last", () => {
    expect(setting("GALILEO_RPC_URL", {})).to.deep.equal({ value: "https://evmrpc-testnet.0g.ai", from: "default" });
  });

  it("counts an empty or blank variable as unset", () => {
    expect(setting("GALILEO_PRIVATE_KEY", { GALILEO_PRIVATE_KEY: "", ZG_CHAIN_PRIVATE_KEY: "  " })).to.be.undefined;
    expect(setting("GALILEO_PRIVATE_KEY", { GALILEO_PRIVATE_KEY: " ", PRIVATE_KEY: KEY })).to.deep.equal({
      value: KEY,
      from: "PRIVATE_KEY",
    });
  });

  it("strips the blanks that copying leaves around a value", () => {
    expect(setting("GALILEO_RPC_URL", { GALILEO_RPC_URL: " https://a\n" })?.value).to.equal("https://a");
  });

  it("never lets an alias reach the mainnet key", () => {
    const env = { PRIVATE_KEY: KEY, ZG_CHAIN_PRIVATE_KEY: KEY, GALILEO_PRIVATE_KEY: KEY };
    expect(setting("ARISTOTLE_PRIVATE_KEY", env)).to.be.undefined;
    const aliases = Object.values(VARIABLES).flatMap((variable) => ("aliasOf" in variable ? [variable.aliasOf] : []));
    expect(aliases.every((target) => target.startsWith("GALILEO_"))).to.be.true;
  });
});

describe("the table of variables", () => {
  for (const [name, variable] of Object.entries(VARIABLES)) {
    it(`gives ${name} a default if and only if it is no secret`, () => {
      expect("fallback" in variable).to.equal(!variable.secret);
    });
  }

  it("gives an alias the default of the variable it stands for", () => {
    for (const variable of Object.values(VARIABLES)) {
      if (!("aliasOf" in variable) || !("fallback" in variable)) continue;
      const canonical = VARIABLES[variable.aliasOf as VariableName];
      expect("fallback" in canonical && canonical.fallback).to.equal(variable.fallback);
    }
  });
});

describe("rpcSetting", () => {
  it("reads a fork's upstream from the variable of the live network", () => {
    expect(rpcSetting("galileoFork", { GALILEO_RPC_URL: "http://127.0.0.1:1" }).value).to.equal("http://127.0.0.1:1");
    expect(rpcSetting("aristotleFork", { GALILEO_RPC_URL: "http://127.0.0.1:1" }).value).to.equal(
      "https://evmrpc.0g.ai",
    );
  });

  it("serves localhost on loopback", () => {
    expect(rpcSetting("localhost", {}).value).to.equal("http://127.0.0.1:8545");
  });
});

describe("keyVariable", () => {
  it("names a key for live networks only", () => {
    expect(keyVariable("galileo")).to.equal("GALILEO_PRIVATE_KEY");
    expect(keyVariable("aristotle")).to.equal("ARISTOTLE_PRIVATE_KEY");
    for (const name of ["default", "localhost", "galileoFork", "aristotleFork"] as const) {
      expect(keyVariable(name)).to.be.undefined;
    }
  });
});

describe("parsePrivateKey", () => {
  it("accepts the largest key there is", () => {
    const largest = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
    expect(parsePrivateKey(largest, "PRIVATE_KEY")).to.equal(largest);
    expect(isPrivateKey(largest)).to.equal(true);
    expect(isPrivateKey(`${largest}0`)).to.equal(false);
  });

  it("accepts 64 digits with and without 0x", () => {
    expect(parsePrivateKey(KEY, "PRIVATE_KEY")).to.equal(KEY);
    expect(parsePrivateKey(KEY.slice(2), "PRIVATE_KEY")).to.equal(KEY);
  });

  const malformed = {
    "too short": KEY.slice(0, -2),
    "too long": `${KEY}00`,
    "not hexadecimal": `0x${"z".repeat(64)}`,
    "a mnemonic": "test test test test test test test test test test test junk",
    empty: "",
    zero: `0x${"0".repeat(64)}`,
    "beyond the curve": `0x${"f".repeat(64)}`,
    "the order of the curve": "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
  };
  for (const [name, text] of Object.entries(malformed)) {
    it(`refuses a key that is ${name}, without repeating it anywhere`, () => {
      try {
        parsePrivateKey(text, "ARISTOTLE_PRIVATE_KEY");
        expect.fail("accepted");
      } catch (error) {
        expect(error).to.be.instanceOf(PrivateKeyMalformedError);
        const malformedKey = error as PrivateKeyMalformedError;
        expect(malformedKey).to.include({ code: "ZG_PRIVATE_KEY", exit: 2 });
        expect(malformedKey.details).to.deep.equal({ from: "ARISTOTLE_PRIVATE_KEY" });
        const everything = `${malformedKey.message} ${malformedKey.remedy} ${malformedKey.stack}`;
        if (text !== "") expect(everything).not.to.include(text);
      }
    });
  }
});

describe("the key for private data alone", () => {
  it("is that of the chain that a network is, forks or stands for", () => {
    for (const network of ["default", "localhost", "galileo", "galileoFork"] as const) {
      expect(decryptionVariable(network)).to.equal("GALILEO_DECRYPTION_KEY");
    }
    for (const network of ["aristotle", "aristotleFork"] as const) {
      expect(decryptionVariable(network)).to.equal("ARISTOTLE_DECRYPTION_KEY");
    }
  });
});

describe("the Go inference agent's key", () => {
  const hex = "0123456789abcdef".repeat(4);

  it("is 32 bytes in hexadecimal, named `default` unless told otherwise", () => {
    const key = new Uint8Array(Buffer.from(hex, "hex"));
    expect(goAgentKey({ ZG_ENCRYPTION_KEY: hex })).to.deep.equal({ key, id: "default" });
    expect(goAgentKey({ ZG_ENCRYPTION_KEY: `0x${hex}`, ZG_ENCRYPTION_KEY_ID: "2" })).to.deep.equal({ key, id: "2" });
  });

  it("is refused without being shown when it is missing or another text", () => {
    for (const [value, problem] of [
      ["", "is not set"],
      [hex.slice(2), "is not 64 hexadecimal digits"],
      [`${hex}00`, "is not 64 hexadecimal digits"],
      [`${hex.slice(1)}g`, "is not 64 hexadecimal digits"],
    ] as const) {
      expect(() => goAgentKey({ ZG_ENCRYPTION_KEY: value }))
        .to.throw(GoAgentKeyMissingError, problem)
        .that.satisfies((error: GoAgentKeyMissingError) => {
          expect(error).to.deep.include({ code: "ZG_NO_GO_AGENT_KEY", exit: 3, details: { problem } });
          return value === "" || !JSON.stringify([error.message, error.remedy, error.details]).includes(value);
        });
    }
  });
});
