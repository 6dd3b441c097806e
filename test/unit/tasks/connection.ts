import { expect } from "chai";
import { makeError, Wallet } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { ZgError } from "../../../lib/errors.ts";
import { toHex } from "../../../lib/hex.ts";
import { NETWORKS, type NetworkName } from "../../../lib/networks.ts";
import { addressOfPublicKey } from "../../../lib/sealing/index.ts";
import {
  NetworkUnreachableError,
  PrivateKeyMissingError,
  withConnection,
  type OpenConnection,
} from "../../../tasks/support/connection.ts";
import { decryptionKeys, ownEncryptionKey } from "../../../tasks/support/decryption.ts";

const SECRET = "key-in-the-path";
const down = makeError("connect ECONNREFUSED", "NETWORK_ERROR", { event: "noNetwork" });

describe("withConnection", () => {
  const names = [
    "ARISTOTLE_RPC_URL",
    "ARISTOTLE_PRIVATE_KEY",
    "ARISTOTLE_DECRYPTION_KEY",
    "GALILEO_DECRYPTION_KEY",
    "LOCALHOST_RPC_URL",
  ] as const;
  const saved = names.map((name) => [name, process.env[name]] as const);
  beforeEach(() => {
    process.env["ARISTOTLE_RPC_URL"] = `https://node.example/${SECRET}`;
    delete process.env["ARISTOTLE_PRIVATE_KEY"];
    delete process.env["ARISTOTLE_DECRYPTION_KEY"];
    delete process.env["GALILEO_DECRYPTION_KEY"];
    delete process.env["LOCALHOST_RPC_URL"];
  });
  afterEach(() => {
    for (const [name, value] of saved) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  let closed: number;
  /** Hardhat with an empty keystore, and a node that serves the network's chain or does not answer. */
  function hardhatOn(name: NetworkName, getNetwork?: () => Promise<never>): HardhatRuntimeEnvironment {
    closed = 0;
    const chain = async () => Promise.resolve({ chainId: BigInt(NETWORKS[name].chainId) });
    const connection = {
      ethers: { provider: { getNetwork: getNetwork ?? chain } },
      close: async () => Promise.resolve(void (closed += 1)),
    };
    return {
      globalOptions: { network: name },
      network: { create: async () => Promise.resolve(connection) },
      hooks: {
        runHandlerChain: async (_: string, __: string, ___: unknown[], missing: () => Promise<never>) => missing(),
      },
    } as unknown as HardhatRuntimeEnvironment;
  }
  async function refusal(hre: HardhatRuntimeEnvironment, use: (open: OpenConnection) => Promise<unknown>) {
    try {
      await withConnection(hre, use);
    } catch (error) {
      if (error instanceof ZgError) return error;
      throw error;
    }
    return expect.fail("nothing was refused");
  }

  it("asks for a key when a write wants to sign, and not before", async () => {
    const live = hardhatOn("aristotle");
    expect(await withConnection(live, async (open) => Promise.resolve(open.knownAddress()))).to.equal(undefined);

    const error = await refusal(live, async (open) => open.signer());
    expect(error).to.be.instanceOf(PrivateKeyMissingError);
    expect(error).to.include({ code: "ZG_NO_KEY", exit: 3 });
    expect(error.details).to.deep.equal({ network: "aristotle", variable: "ARISTOTLE_PRIVATE_KEY" });
    expect(error.remedy).to.include("npx hardhat keystore set ARISTOTLE_PRIVATE_KEY").and.include(".env");
    expect(closed).to.equal(2);
  });

  describe("the key for private data alone", () => {
    const SECRET_KEY = `0x${"42".repeat(32)}`;
    const ACCOUNT = new Wallet(SECRET_KEY).address;
    const separate = async (hre: HardhatRuntimeEnvironment) => withConnection(hre, async (open) => open.separateKey());
    const holding = (value: string) => {
      const hre = hardhatOn("aristotle");
      Object.assign(hre, {
        hooks: {
          runHandlerChain: async (_: string, __: string, [variable]: { name: string }[], missing: () => unknown) =>
            variable?.name === "ARISTOTLE_DECRYPTION_KEY" ? Promise.resolve(value) : missing(),
        },
      });
      return hre;
    };

    it("is absent unless it is configured, in the environment or in the keystore", async () => {
      expect(await separate(hardhatOn("aristotle"))).to.equal(undefined);
      expect(await separate(holding(SECRET_KEY))).to.deep.include({
        account: ACCOUNT,
        from: "ARISTOTLE_DECRYPTION_KEY in Hardhat's keystore",
      });
      process.env["ARISTOTLE_DECRYPTION_KEY"] = SECRET_KEY.slice(2);
      const found = await separate(hardhatOn("aristotle"));
      expect(found).to.deep.include({ account: ACCOUNT, from: "ARISTOTLE_DECRYPTION_KEY" });
      expect(toHex(found?.privateKey ?? new Uint8Array(0))).to.equal(SECRET_KEY);
    });

    it("is refused on a live network when it is published, and when it is no key", async () => {
      const { privateKey, address } = developmentAccount(5);
      process.env["ARISTOTLE_DECRYPTION_KEY"] = privateKey;
      const error = await refusal(hardhatOn("aristotle"), async (open) => open.separateKey());
      expect(error).to.deep.include({ code: "ZG_DEVELOPMENT_KEY", details: { network: "aristotle", address } });
      process.env["ARISTOTLE_DECRYPTION_KEY"] = "no key";
      const malformed = await refusal(hardhatOn("aristotle"), async (open) => open.separateKey());
      expect(malformed).to.deep.include({ code: "ZG_PRIVATE_KEY", details: { from: "ARISTOTLE_DECRYPTION_KEY" } });
    });

    it("may be any on the embedded network, which it is not to sign on", async () => {
      process.env["GALILEO_DECRYPTION_KEY"] = SECRET_KEY;
      expect(await separate(hardhatOn("localhost"))).to.deep.include({ account: ACCOUNT });
      process.env["GALILEO_DECRYPTION_KEY"] = developmentAccount(5).privateKey;
      expect(await separate(hardhatOn("localhost"))).to.deep.include({ account: developmentAccount(5).address });
    });

    describe("opens data", () => {
      const keysOf = async (hre: HardhatRuntimeEnvironment, as?: string) =>
        withConnection(hre, async (open) =>
          (await decryptionKeys(open, as)).map(({ account, from }) => [account, from]),
        );
      const own = `0x${"43".repeat(32)}`;

      it("before the account's own key, or alone where that is not configured", async () => {
        process.env["ARISTOTLE_DECRYPTION_KEY"] = SECRET_KEY;
        expect(await keysOf(hardhatOn("aristotle"))).to.deep.equal([[ACCOUNT, "ARISTOTLE_DECRYPTION_KEY"]]);
        process.env["ARISTOTLE_PRIVATE_KEY"] = own;
        const both = [
          [ACCOUNT, "ARISTOTLE_DECRYPTION_KEY"],
          [new Wallet(own).address, "ARISTOTLE_PRIVATE_KEY"],
        ];
        expect(await keysOf(hardhatOn("aristotle"))).to.deep.equal(both);
        process.env["ARISTOTLE_DECRYPTION_KEY"] = own;
        expect(await keysOf(hardhatOn("aristotle"))).to.deep.equal([both[1]]);
      });

      it("and has data sealed to it", async () => {
        process.env["ARISTOTLE_PRIVATE_KEY"] = own;
        const sealTo = async () => withConnection(hardhatOn("aristotle"), async (open) => ownEncryptionKey(open));
        expect(addressOfPublicKey(await sealTo())).to.equal(new Wallet(own).address);
        process.env["ARISTOTLE_DECRYPTION_KEY"] = SECRET_KEY;
        expect(addressOfPublicKey(await sealTo())).to.equal(ACCOUNT);
      });

      it("and no key is a refusal that names the paying one", async () => {
        const error = await refusal(hardhatOn("aristotle"), async (open) => decryptionKeys(open));
        expect(error).to.be.instanceOf(PrivateKeyMissingError);
      });

      it("but not where --as picks a development account: then that one's does", async () => {
        const { address } = developmentAccount(3);
        const user = [developmentAccount(0).address, "development account"];
        expect(await keysOf(hardhatOn("localhost"))).to.deep.equal([user]);
        process.env["GALILEO_DECRYPTION_KEY"] = SECRET_KEY;
        expect(await keysOf(hardhatOn("localhost"))).to.deep.equal([[ACCOUNT, "GALILEO_DECRYPTION_KEY"], user]);
        expect(await keysOf(hardhatOn("localhost"), "3")).to.deep.equal([[address, "development account"]]);
      });
    });
  });

  describe("with --as", () => {
    const signed = async (name: NetworkName, as: string) =>
      withConnection(hardhatOn(name), async (open) => (await open.signer(as)).address);

    it("signs with the development account of that number or address", async () => {
      const { address } = developmentAccount(3);
      expect(await signed("localhost", "3")).to.equal(address);
      expect(await signed("localhost", address.toLowerCase())).to.equal(address);
    });

    for (const [why, name, as] of [
      ["an account that is not published", "localhost", `0x${"42".repeat(20)}`],
      ["a number beyond the last one", "localhost", "64"],
      ["text", "localhost", "bob"],
      ["a development account on a live network", "aristotle", "1"],
    ] as const) {
      it(`refuses ${why}`, async () => {
        const error = await refusal(hardhatOn(name), async (open) => open.signer(as));
        expect(error).to.include({ code: "ZG_USAGE", exit: 2 });
        expect(Object.values(error.details)).to.include(as);
      });
    }
  });

  it("says who does not answer and where its address comes from, but not the address's path", async () => {
    const error = await refusal(
      hardhatOn("aristotle", async () => Promise.reject(down)),
      async () => expect.fail("opened"),
    );
    expect(error).to.be.instanceOf(NetworkUnreachableError);
    expect(error).to.include({ code: "ZG_RPC", exit: 4 });
    expect(error.details).to.deep.equal({ network: "aristotle", host: "node.example", from: "ARISTOTLE_RPC_URL" });
    expect(error.remedy).to.include("ARISTOTLE_RPC_URL");
    expect(`${error.message}${error.remedy}`).to.not.include(SECRET);
    expect(closed).to.equal(1);
  });

  it("names the command that starts a served Galileo", async () => {
    const error = await refusal(
      hardhatOn("localhost", async () => Promise.reject(down)),
      async () => expect.fail("opened"),
    );
    expect(error).to.be.instanceOf(NetworkUnreachableError);
    expect(error.details).to.include({ network: "localhost", from: "default" });
    expect(error.remedy).to.match(/npx hardhat galileo up$/);
    process.env["LOCALHOST_RPC_URL"] = "http://127.0.0.1:18545,http://127.0.0.1:8545";
    const elsewhere = await refusal(
      hardhatOn("localhost", async () => Promise.reject(down)),
      async () => expect.fail("opened"),
    );
    expect(elsewhere.remedy).to.match(/npx hardhat galileo up --port 18545$/);
  });
});
