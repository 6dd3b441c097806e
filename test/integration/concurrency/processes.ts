import path from "node:path";

import { expect } from "chai";

import { pause } from "../../../lib/pause.ts";
import type { Books } from "../../../scripts/dev/chaos/books.ts";
import { openWorld, type Victim, type World } from "../../../scripts/dev/chaos/world.ts";
import type { JsonAnswer } from "../../support/cli.ts";

/** What a command in a process of its own printed last: its answer. */
function answerOf({ output }: Victim): JsonAnswer {
  const line = output.split("\n").findLast((one) => one.startsWith('{"ok":'));
  return JSON.parse(line ?? "null") as JsonAnswer;
}

function expectBalanced(books: Books): void {
  expect(books.faults).to.deep.equal([]);
}

describe("processes that spend from one wallet at once", function () {
  this.timeout(120_000);

  let world: World;
  before(async () => (world = await openWorld()));
  after(async () => world.close());

  it("two runs with one key: each mints its own answer, and every neuron is accounted for", async () => {
    const books = await world.openBooks();
    const runs = ["left", "right"].map((id) => world.start(["flow", "run", "--id", id, "--prompt", id, "--yes"]));
    const ended = await Promise.all(runs.map(async (run) => run.ended));
    for (const run of ended) expect(run.end, run.output).to.equal(0);
    const closed = await books.close();
    expectBalanced(closed);
    expect(closed).to.deep.include({ mints: 2, paid: 2, failed: [] });
  });

  it("two processes on one run: the second is told who is at work, and nothing is spent twice", async () => {
    const books = await world.openBooks();
    const words = ["--id", "shared", "--prompt", "What is 6*7?", "--yes"];
    const first = world.start(["flow", "run", ...words]);
    while (world.journal("shared").length === 0) await pause(5, undefined, "the first to begin");
    first.signal("SIGSTOP");
    const second = await world.run("flow", "run", ...words);
    first.signal("SIGCONT");
    expect(second.code).to.equal(3);
    expect(second.answer).to.have.nested.property("error.code", "ZG_RUN_BUSY");

    const { end, output } = await first.ended;
    expect(end, output).to.equal(0);
    const closed = await books.close();
    expectBalanced(closed);
    expect(closed).to.deep.include({ mints: 1, paid: 1, failed: [] });
  });
});

describe("two commands that mint one answer", function () {
  this.timeout(120_000);

  let world: World;
  before(async () => {
    world = await openWorld();
    const funded = await world.run("flow", "run", "--id", "first", "--prompt", "What is 1+1?", "--yes");
    expect(funded.answer).to.have.property("ok", true);
  });
  after(async () => world.close());

  const ask = async (prompt: string) => {
    const receipt = path.join(world.home, `${prompt}.json`);
    const asked = await world.run("inference", "chat", "--prompt", prompt, "--out", receipt);
    expect(asked.answer).to.have.property("ok", true);
    return receipt;
  };

  it("at once make one token, and both know whose it is", async () => {
    const books = await world.openBooks();
    const receipt = await ask("What is 2+2?");
    const mints = [1, 2].map(() => world.start(["inft", "mint", receipt, "--yes"]));
    const answers = (await Promise.all(mints.map(async (mint) => mint.ended))).map(answerOf);
    const tokens = answers.map((answer) => (answer.ok ? answer.data["tokenId"] : answer.error));
    expect(JSON.stringify(tokens)).to.equal(JSON.stringify([tokens[0], tokens[0]]));
    expect(tokens[0]).to.be.a("string");
    const closed = await books.close();
    expectBalanced(closed);
    expect(closed).to.include({ mints: 1, paid: 1 });
  });

  it("one after the other, the first killed when it had committed: the second goes on from there", async () => {
    const books = await world.openBooks();
    const receipt = await ask("What is 3+3?");
    const killed = await world.start(["inft", "mint", receipt, "--yes"], "broadcast(commit):after").ended;
    expect(killed.end, killed.output).to.equal("SIGKILL");
    const { answer } = await world.run("inft", "mint", receipt, "--yes");
    expect(answer).to.have.nested.property("data.minted", true);
    const closed = await books.close();
    expectBalanced(closed);
    expect(closed.tally).to.deep.equal({ store: 1, commit: 1, mintInference: 1 });
    expect(closed).to.deep.include({ mints: 1, paid: 1, failed: [] });
  });
});
