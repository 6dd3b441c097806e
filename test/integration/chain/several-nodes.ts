import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { countingNode, type CountingNode } from "../../support/counting-node.ts";
import { faultProxy, type FaultProxy } from "../../support/fault-proxy.ts";
import { hardhatJson, runTask, type Machine } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("commands with several RPC addresses", () => {
  let served: ServedGalileo;
  let proxy: FaultProxy;
  let home: TemporaryFolder;
  let foreign: CountingNode;
  let nobody: string;

  before(async () => {
    [served, home, foreign] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder(), countingNode(1)]);
    proxy = await faultProxy({ upstream: served.url });
    const ended = await countingNode(1);
    await ended.close();
    nobody = ended.url;
  });
  afterEach(() => {
    proxy.heal();
  });
  after(async () => {
    await proxy.close();
    await Promise.all([served.close(), foreign.close(), home.remove()]);
  });

  const at = (...urls: string[]): Machine => ({ url: urls.join(","), home: home.path });
  const deposited = async () => {
    const { answer } = await runTask(at(served.url), "ledger", "show");
    return (answer as { data: { ledger?: { total: string } } }).data.ledger?.total;
  };

  it("go on where the first does not answer, and the doctor names it", async () => {
    const env = { LOCALHOST_RPC_URL: `${nobody},${foreign.url},${served.url}`, ZG_HOME: home.path };
    const { code, answer } = await hardhatJson(["doctor", "--network", "localhost"], env);
    expect(code).to.equal(0);
    const { findings } = (
      answer as unknown as { data: { findings: { name: string; verdict: string; detail: string }[] } }
    ).data;
    const rpc = findings.filter(({ name }) => name === "rpc");
    expect(rpc.map(({ verdict }) => verdict)).to.deep.equal(["warning", "warning", "ok"]);
    expect(rpc[0]!.detail).to.include("nobody answers there");
    expect(rpc[1]!.detail).to.include("serves chain 1");
    expect(rpc[2]!.detail).to.match(/, block \d+$/);
    expect(foreign.asked.every((method) => method === "eth_chainId")).to.equal(true);
  });

  it("pay once when the first took the transaction and did not say so", async () => {
    proxy.fail({ kind: "drop", delivered: true }, { method: "eth_sendRawTransaction" });
    const { code, answer } = await runTask(at(proxy.url, served.url), "ledger", "deposit", "1");
    expect(code, JSON.stringify(answer)).to.equal(0);
    expect(proxy.requests.some(({ methods }) => methods.includes("eth_sendRawTransaction"))).to.equal(true);
    expect(await deposited()).to.equal("1000000000000000000");
  });

  it("pay once when the first fails in the middle of everything", async () => {
    proxy.fail({ kind: "status", status: 503 }, { nth: 6 });
    const { code, answer } = await runTask(at(proxy.url, served.url), "ledger", "deposit", "1");
    expect(code, JSON.stringify(answer)).to.equal(0);
    expect(await deposited()).to.equal("2000000000000000000");
  });
});
