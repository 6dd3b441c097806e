import { expect } from "chai";

import type { FlowContext } from "../../../lib/flow/context.ts";
import { DEPLOY_STEPS, flowStatus, openRun, planFlow, runFlow } from "../../../lib/flow/flow.ts";
import { inftContract, verifierContract } from "../../../lib/inft/contracts.ts";
import type { RecordStore } from "../../../lib/inft/deploy.ts";
import { openRuns, type Runs } from "./support/runs.ts";

describe("how a run deploys the verifier of transfers and the iNFT", () => {
  let runs: Runs;
  before(async () => {
    runs = await openRuns();
  });
  after(async () => runs.close());
  beforeEach(() => {
    runs.forgetDeployment();
  });

  const signedIn = (ctx: FlowContext) =>
    ctx.journal.facts.flatMap((fact) => (fact.type === "signed" ? [fact.step] : []));

  it("bills both, deploys both, and lets the second trust the first", async () => {
    const attestor = { address: runs.galileo.owner, url: "http://127.0.0.1:1", validUntil: 2n ** 40n };
    const ctx: FlowContext = { ...(await runs.newRun()), attestors: async () => Promise.resolve([attestor]) };
    const bill = await planFlow(ctx, DEPLOY_STEPS);
    expect(bill.rows.map(({ what }) => what)).to.deep.equal([
      "gas to deploy the verifier of transfers",
      "gas to deploy the iNFT contract",
    ]);
    await runFlow(ctx, DEPLOY_STEPS);

    const [verifier, inft] = [await runs.records.verifier.load(), await runs.records.inft.load()];
    if (verifier === undefined || inft === undefined) return expect.fail("not recorded");
    const { provider } = ctx.read;
    expect(await inftContract(inft.address, provider).verifier()).to.equal(verifier.address);
    const contract = verifierContract(verifier.address, provider);
    expect(await contract.owner()).to.equal(ctx.owner);
    expect([await contract.threshold(), await contract.ROTATION_DELAY()]).to.deep.equal([1n, 0n]);
    expect((await contract.attestorOf(attestor.address)).at(-1)).to.equal(attestor.url);
    expect(await contract.isAttestor(attestor.address)).to.equal(true);
    expect((await planFlow(ctx, DEPLOY_STEPS)).rows).to.deep.equal([]);
  });

  it("bills many runs at once: what is deployed once, and what each of them costs", async () => {
    const ctx = await runs.newRun();
    const [one, hundred] = [await planFlow(ctx), await planFlow(ctx, undefined, 100)];
    const amounts = (bill: typeof one) =>
      new Map(
        bill.rows.map(({ what, amount }) => [what.replace(/\d+ answers|one answer/, "answers"), amount] as const),
      );
    const [single, many] = [amounts(one), amounts(hundred)];
    expect(many.get("gas to mint 100 times")).to.equal(100n * (single.get("gas to mint") ?? 0n));
    expect(many.get("gas to commit 100 times")).to.equal(100n * (single.get("gas to commit to the mint") ?? 0n));
    for (const what of ["gas to deploy the iNFT contract", "gas to deploy the verifier of transfers"]) {
      expect(many.get(what)).to.equal(single.get(what));
    }
    const fees = ({ rows }: typeof one) => rows.find(({ from }) => from === "fee")?.amount ?? 0n;
    expect(fees(hundred)).to.equal(100n * fees(one));
    const locked = ({ rows }: typeof one) => rows.find(({ from }) => from === "transfer")?.amount ?? 0n;
    expect(locked(hundred) - locked(one)).to.equal(90n * fees(one));
  });

  it("says when too few attestors count for data to move, and how to add them", async () => {
    const lines: string[] = [];
    const ctx = await runs.newRun();
    const log = (line: string) => lines.push(line);
    await runFlow({ ...ctx, write: { ...ctx.write, log } }, DEPLOY_STEPS);
    expect(lines.filter((line) => line.startsWith("note: "))).to.deep.equal([
      "note: 0 attestors count, and 1 must sign: tokens can be minted, but not transferred or cloned yet; " +
        "add attestors: npx hardhat inft attestor add <address>",
    ]);
  });

  for (const [contract, step, before] of [
    ["verifier", "verifier", []],
    ["inft", "deploy", ["verifier"]],
  ] as const) {
    it(`finds the ${contract} that a run deployed and could not record any more`, async () => {
      const ctx = await runs.newRun();
      const store: RecordStore = runs.records[contract];
      const torn: RecordStore = { ...store, save: async () => Promise.reject(new Error("killed")) };
      openRun(ctx.journal, ctx);
      const killed = runFlow({ ...ctx, records: { ...runs.records, [contract]: torn } }, DEPLOY_STEPS);
      expect(await killed.catch((error: unknown) => error)).to.have.property("message", "killed");
      expect(signedIn(ctx)).to.deep.equal([...before, step]);
      expect((await flowStatus(ctx)).find(({ id }) => id === step)).to.include({ state: "open" });

      await runFlow(ctx, DEPLOY_STEPS);
      expect(signedIn(ctx), "nothing is deployed twice").to.deep.equal(["verifier", "deploy"]);
      expect(await runs.records.inft.load()).to.have.property("contractName", "INFT");
    });
  }
});
