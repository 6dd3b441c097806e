import { expect } from "chai";
import { makeError } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { ZgError } from "../../../lib/errors.ts";
import { NETWORKS, type NetworkName } from "../../../lib/networks.ts";
import {
  NetworkUnreachableError,
  PrivateKeyMissingError,
  withConnection,
  type OpenConnection,
} from "../../../tasks/support/connection.ts";

const SECRET = "key-in-the-path";
const down = makeError("connect ECONNREFUSED", "NETWORK_ERROR", { event: "noNetwork" });

describe("withConnection", () => {
  const names = ["ARISTOTLE_RPC_URL", "ARISTOTLE_PRIVATE_KEY", "LOCALHOST_RPC_URL"] as const;
  const saved = names.map((name) => [name, process.env[name]] as const);
  beforeEach(() => {
    process.env["ARISTOTLE_RPC_URL"] = `https://node.example/${SECRET}`;
    delete process.env["ARISTOTLE_PRIVATE_KEY"];
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
    expect(error.remedy).to.include("npx hardhat galileo up");
  });
});
