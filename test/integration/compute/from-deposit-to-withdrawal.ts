import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { parseAmount } from "../../../lib/units.ts";
import { hardhat, hardhatJson } from "../../support/in-process.ts";
import { serveGalileoByTask, type ServedByTask } from "../../support/served-galileo.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const ONE_DAY = 86_400;
const CHEAP = "local/not-a-language-model";

describe("the ledger and provider tasks, from the first deposit to the last withdrawal", function () {
  this.timeout(90_000);

  let served: ServedByTask;
  let home: TemporaryFolder;
  let env: Record<string, string>;
  const localhost = ["--network", "localhost"];

  const run = async (...args: string[]) => hardhatJson([...args, ...localhost], env);
  async function succeed<Data>(...args: string[]): Promise<Data> {
    const { answer, stderr } = await run(...args);
    if (!answer.ok) throw new Error(`${args.join(" ")}: ${JSON.stringify(answer.error)}\n${stderr}`);
    return answer.data as Data;
  }
  async function refused(...args: string[]) {
    const { answer, code } = await run(...args);
    if (answer.ok) throw new Error(`${args.join(" ")} was not refused`);
    return { code, error: answer.error };
  }

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    env = { ...served.env, ZG_HOME: home.path };
  });
  after(async () => {
    await home.remove();
    expect(await served.stop(), "galileo up stops cleanly on SIGTERM").to.equal(0);
  });

  interface Shown {
    readonly ledger: { readonly available: string; readonly locked: string; readonly total: string } | null;
    readonly subAccounts: readonly { readonly spendable: string; readonly pendingRefund: string }[];
  }

  it("lists the endorsed providers and says how many it hides", async () => {
    const { services, hidden } = await succeed<{ services: { model: string }[]; hidden: number }>(
      "provider",
      "list",
      "--type",
      "chatbot",
    );
    expect(services.map(({ model }) => model)).to.deep.equal([CHEAP, `${CHEAP}-dear`]);
    expect(hidden).to.equal(1);
    const shown = await succeed<{ service: { mintability: object } }>("provider", "show", "local/not-endorsed");
    expect(shown.service.mintability).to.include({ mintable: false, reason: "not-endorsed" });
  });

  it("refuses an opening deposit below the chain's minimum, and names the command that works", async () => {
    const { code, error } = await refused("ledger", "deposit", "0.05");
    expect(code).to.equal(3);
    expect(error.code).to.equal("ZG_MIN_DEPOSIT");
    expect(error.remedy).to.include("npx hardhat --network localhost ledger deposit 0.1");
    expect((await succeed<Shown>("ledger", "show")).ledger).to.equal(null);
  });

  it("names the transfer that makes a sub-account when one is to be acknowledged without it", async () => {
    const { code, error } = await refused("provider", "acknowledge", CHEAP);
    expect(code).to.equal(3);
    expect(error.code).to.equal("ZG_NO_SUBACCOUNT");
    expect(error.remedy).to.include("npx hardhat --network localhost ledger transfer");
  });

  it("opens the ledger with exactly what was asked: 1.1 0G is 1100000000000000000 neuron", async () => {
    const opened = await succeed<{ opened: boolean; amount: string }>("ledger", "deposit", "1.1");
    expect(opened).to.include({ opened: true, amount: "1100000000000000000" });
    const { ledger } = await succeed<Shown>("ledger", "show");
    expect(ledger).to.include({ available: "1100000000000000000", locked: "0" });
  });

  it("transfers to a provider named by its model, which also acknowledges it", async () => {
    await succeed("ledger", "transfer", CHEAP, "1.1");
    expect(await succeed("provider", "acknowledge", CHEAP)).to.include({ changed: false });
    const { subAccounts } = await succeed<Shown>("ledger", "show");
    expect(subAccounts.map(({ spendable }) => spendable)).to.deep.equal([parseAmount("1.1").toString()]);
  });

  it("retrieves in two halves with the lock time between them, then withdraws everything", async () => {
    const asked = await succeed<{ requested: string; processed: string }>("ledger", "retrieve");
    expect(asked).to.include({ requested: parseAmount("1.1").toString(), processed: "0" });

    const early = await refused("ledger", "withdraw", "all");
    expect(early.code).to.equal(3);
    expect(early.error.code).to.equal("ZG_REFUND_LOCKED");
    const { stdout } = await hardhat(["ledger", "show", ...localhost], env);
    expect(stdout).to.match(/1\.1 in 23 h 59 min|1\.1 in 24 h 0 min/);

    const chain = new JsonRpcProvider(served.env.LOCALHOST_RPC_URL);
    await chain.send("evm_increaseTime", [ONE_DAY + 1]);
    await chain.send("evm_mine", []);
    chain.destroy();

    const collected = await succeed<{ processed: string }>("ledger", "retrieve");
    expect(collected.processed).to.equal(parseAmount("1.1").toString());
    const withdrawn = await succeed<{ amount: string; closesLedger: boolean }>("ledger", "withdraw", "all");
    expect(withdrawn).to.include({ amount: parseAmount("1.1").toString(), closesLedger: true });
    expect((await succeed<Shown>("ledger", "show")).ledger).to.equal(null);
  });
});
