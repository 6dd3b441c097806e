import { expect } from "chai";

import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import type { LocalAttestorEntry } from "../../../lib/galileo/attestor.ts";
import { networkNamed, type NetworkName } from "../../../lib/networks.ts";
import { namedAttestors, ownAttestors } from "../../../tasks/support/attestors.ts";
import type { OpenConnection } from "../../../tasks/support/connection.ts";

const ENTRY: LocalAttestorEntry = {
  address: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  url: "http://127.0.0.1:8700",
  publicKey: `0x04${"11".repeat(64)}`,
};

describe("the attestors that a task asks", () => {
  const saved = process.env["ZG_ATTESTORS"];

  afterEach(() => {
    if (saved === undefined) Reflect.deleteProperty(process.env, "ZG_ATTESTORS");
    else process.env["ZG_ATTESTORS"] = saved;
  });

  it("are those of --attestor, before those of ZG_ATTESTORS", () => {
    process.env["ZG_ATTESTORS"] = "https://one.example, https://two.example,";
    expect(namedAttestors(undefined)).to.deep.equal(["https://one.example", "https://two.example"]);
    expect(namedAttestors("http://127.0.0.1:1")).to.deep.equal(["http://127.0.0.1:1"]);
  });

  it("are nobody's in particular when neither names any", () => {
    process.env["ZG_ATTESTORS"] = "";
    expect(namedAttestors(undefined)).to.deep.equal([]);
    expect(namedAttestors(" , ")).to.deep.equal([]);
  });

  describe("of the network's own", () => {
    /** A network that answers JSON-RPC as told. */
    const on = (name: NetworkName, request: (method: string) => unknown) =>
      ({
        network: networkNamed(name),
        connection: {
          galileo: { attestor: ENTRY },
          provider: { request: async ({ method }: { method: string }) => Promise.resolve(request(method)) },
        },
      }) as unknown as OpenConnection;
    const nothing = () => expect.fail("nobody was to be asked");
    const failing = (fields: object) => () => {
      throw Object.assign(new Error("refused"), fields);
    };

    it("are in this process, where the chain is, too", async () => {
      expect(await ownAttestors(on("default", nothing))).to.deep.equal([ENTRY]);
      expect(await ownAttestors(on("galileoFork", nothing))).to.deep.equal([ENTRY]);
    });

    it("are what a served network says", async () => {
      const served = on("localhost", (method) => (method === "galileo_attestors" ? [ENTRY] : nothing()));
      expect(await ownAttestors(served)).to.deep.equal([ENTRY]);
    });

    it("are none on a live network, which is not even asked", async () => {
      expect(await ownAttestors(on("galileo", nothing))).to.deep.equal([]);
    });

    it("are none on a node that is no served Galileo", async () => {
      for (const code of [-32601, -32004]) {
        expect(await ownAttestors(on("localhost", failing({ code })))).to.deep.equal([]);
        expect(await ownAttestors(on("localhost", failing({ cause: { code } })))).to.deep.equal([]);
      }
    });

    it("are unknown when the node is away: an outage is no absence", async () => {
      let thrown: unknown;
      await ownAttestors(on("localhost", failing({ code: "ECONNREFUSED" }))).catch(
        (error: unknown) => (thrown = error),
      );
      expect(thrown).to.be.instanceOf(RpcUnreachableError);
    });
  });
});
