import { PassThrough } from "node:stream";

import { expect } from "chai";
import type { Provider } from "ethers";

import { WalletSpending } from "../../../lib/chain/spending.ts";
import { ZERO_ADDRESS } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { makeBill } from "../../../lib/flow/bill.ts";
import { approve, ConfirmationRequiredError, DeclinedError } from "../../../tasks/support/spend.ts";

// Paid out of a sub-account: the wallet need hold nothing, so no node is asked.
const BILL = makeBill([{ what: "one answer", amount: 7n, from: "fee", note: "" }]);

interface Situation {
  readonly network?: "galileo" | "default";
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

describe("approve", () => {
  const originals = (["stdin", "stderr"] as const).map((name) => [
    name,
    Object.getOwnPropertyDescriptor(process, name),
  ]);
  afterEach(() => {
    for (const [name, descriptor] of originals) Object.defineProperty(process, name as string, descriptor as object);
  });

  /** Puts a terminal, or no terminal, in place of the process's own. What it is asked is in `shown`. */
  function sitAt(terminal: { isTTY: boolean; answer?: string }): { shown: () => string } {
    const [stdin, stderr] = [new PassThrough(), new PassThrough()];
    Object.assign(stdin, { isTTY: terminal.isTTY });
    if (terminal.answer !== undefined) stdin.write(`${terminal.answer}\n`);
    Object.defineProperty(process, "stdin", { value: stdin, configurable: true });
    Object.defineProperty(process, "stderr", { value: stderr, configurable: true });
    return { shown: () => String(stderr.read() ?? "") };
  }

  async function ask({ network = "galileo", json = false, yes = false, dryRun = false }: Situation = {}) {
    const ctx = { network: networkNamed(network), provider: {} as Provider };
    const io = { json, log: () => undefined, signal: new AbortController().signal };
    const args = { yes, dryRun, maxSpend: undefined };
    return approve(BILL, args, { ctx, owner: ZERO_ADDRESS, spending: new WalletSpending() }, io, "ask");
  }
  const thrown = async (asking: Promise<boolean>): Promise<unknown> =>
    asking.then(
      () => expect.fail("it was approved"),
      (error: unknown) => error,
    );

  it("spends nothing on a live network that nobody could be asked about", async () => {
    for (const [isTTY, json] of [
      [false, false],
      [true, true],
    ] as const) {
      const { shown } = sitAt({ isTTY, answer: "y" });
      const error = await thrown(ask({ json }));
      expect(error).to.be.instanceOf(ConfirmationRequiredError);
      expect(error).to.include({ code: "ZG_CONFIRM", exit: 2 });
      expect(error).to.have.property("remedy").that.includes("--yes").and.includes("--dry-run");
      expect(shown()).to.equal("");
    }
  });

  for (const answer of ["", "n", "no", "yep", "yes please"]) {
    it(`takes ${JSON.stringify(answer)} for a no`, async () => {
      const { shown } = sitAt({ isTTY: true, answer });
      const error = await thrown(ask());
      expect(error).to.be.instanceOf(DeclinedError);
      expect(error).to.include({ code: "ZG_DECLINED", exit: 3, remedy: "Nothing was sent." });
      expect(shown()).to.include(`Spend this on ${networkNamed("galileo").title}? [y/N]`);
    });
  }

  for (const answer of ["y", "Y", " yes "]) {
    it(`takes ${JSON.stringify(answer)} for a yes`, async () => {
      sitAt({ isTTY: true, answer });
      expect(await ask()).to.equal(true);
    });
  }

  it("does not ask after --yes, on a simulated network, or when --dry-run ends there", async () => {
    const { shown } = sitAt({ isTTY: true });
    expect(await ask({ yes: true, json: true })).to.equal(true);
    expect(await ask({ network: "default" })).to.equal(true);
    expect(await ask({ dryRun: true })).to.equal(false);
    expect(shown()).to.equal("");
  });
});
