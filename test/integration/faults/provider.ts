import { expect } from "chai";

import { assertAnswers } from "../../../lib/compute/liveness.ts";
import { neverReached } from "../../../lib/compute/provider-http.ts";
import { fetchUnsettledFee } from "../../../lib/compute/unsettled-fee.ts";
import { EXIT } from "../../../lib/errors.ts";
import type { Fault } from "../../support/fault-proxy.ts";
import { ask, CHAT, prove, SIGNATURE, UNSETTLED } from "./support/asking.ts";
import { failureOf, IMPATIENCE_MS, openFaultWorld, type FaultUser, type FaultWorld } from "./support/world.ts";

describe("asking a provider through a faulty connection", () => {
  let world: FaultWorld;
  let user: FaultUser;
  let fee: bigint;
  before(async () => {
    world = await openFaultWorld();
    user = await world.customer();
    const honest = await ask(world, user, { stream: false });
    fee = honest.fee.fee;
  });
  afterEach(async () => world.heal());
  after(async () => world.close());

  /** What the provider counts, in answers. */
  const billed = () => Number(world.provider.unsettledFee(user.address) / fee);

  /** Asks once more without the fault: an answer, proved, for one fee. */
  async function askAgain(stream: boolean): Promise<void> {
    await world.heal();
    const before = billed();
    expect(await prove(world, await ask(world, user, { stream }))).to.include({ status: "verified", mintable: true });
    expect(billed()).to.equal(before + 1);
  }

  const patience = ({ kind }: Fault) => (kind === "hang" ? { ...world.http, timeoutMs: IMPATIENCE_MS } : world.http);

  interface Expected {
    readonly code: string;
    readonly exit: number;
    readonly details?: Readonly<Record<string, unknown>>;
  }

  const down = { code: "ZG_PROVIDER_DOWN", exit: EXIT.network };
  const limited = { code: "ZG_RATE_LIMITED", exit: EXIT.network };
  const cut = { code: "ZG_RESPONSE_CUT", exit: EXIT.network };
  const malformed = { code: "ZG_RESPONSE_MALFORMED", exit: EXIT.network };
  const timeout = { code: "ZG_PROVIDER_TIMEOUT", exit: EXIT.network };

  const FAULTS: readonly (readonly [what: string, fault: Fault, billed: 0 | 1 | 2, expected: Expected])[] = [
    ["whose request never arrives", { kind: "drop" }, 0, down],
    ["whose answer is lost", { kind: "drop", delivered: true }, 1, down],
    ["that is never answered", { kind: "hang" }, 0, timeout],
    ["that is answered to nobody", { kind: "hang", delivered: true }, 1, timeout],
    ["whose answer breaks off", { kind: "cut", afterBytes: 40 }, 1, cut],
    [
      "that is turned down for now",
      { kind: "status", status: 429, retryAfter: 7 },
      0,
      { ...limited, details: { retryAfter: "7" } },
    ],
    ["that meets a storm of 500", { kind: "status", status: 500 }, 0, { ...down, details: { status: 500 } }],
    ["that meets a storm of 503", { kind: "status", status: 503 }, 0, { ...limited, details: { status: 503 } }],
    ["that is sent elsewhere", { kind: "status", status: 307 }, 0, { code: "ZG_PROVIDER_REDIRECT", exit: EXIT.trust }],
  ];

  for (const stream of [false, true]) {
    const kind = stream ? "a streamed question" : "a question";

    for (const [what, fault, charged, expected] of FAULTS) {
      it(`${kind} ${what} is an error with a name, and asking again is charged once`, async () => {
        const before = billed();
        world.market.fail(fault, { path: CHAT });
        const failed = await failureOf(ask(world, user, { stream, http: patience(fault) }));
        const { details = {}, ...error } = expected;
        expect(failed, failed.message).to.include(error);
        expect(failed.details).to.include(details);
        expect(billed() - before, "what the provider counts").to.equal(charged);
        await askAgain(stream);
      });
    }

    it(`${kind} to nobody is known to have cost nothing`, async () => {
      await world.market.refuse();
      const failed = await failureOf(ask(world, user, { stream }));
      expect(failed).to.include(down);
      expect(neverReached(failed)).to.equal(true);
      await askAgain(stream);
    });

    it(`${kind} that is answered slowly is answered all the same`, async () => {
      world.market.fail({ kind: "slow", bytes: 11 }, { path: CHAT });
      expect(await prove(world, await ask(world, user, { stream }))).to.include({ status: "verified" });
    });

    it(`${kind} with one bit of its answer turned over does not prove itself`, async () => {
      world.market.fail({ kind: "corrupt", how: "bytes" }, { path: CHAT });
      const outcome = await ask(world, user, { stream }).then(
        async (result) => prove(world, result),
        (error: unknown) => error as { code: string },
      );
      if ("code" in outcome) expect(outcome.code).to.equal(malformed.code);
      else expect(outcome).to.include({ status: "rejected", failed: "response", mintable: false });
      await askAgain(stream);
    });

    it(`${kind} that is delivered twice is charged twice, which the unsettled fee shows`, async () => {
      const before = await fetchUnsettledFee({ ...world.http, session: user.session }, world.service);
      world.market.fail({ kind: "duplicate" }, { path: CHAT, times: 1 });
      const result = await ask(world, user, { stream });
      expect(await prove(world, result)).to.include({ status: "verified" });
      const after = await fetchUnsettledFee({ ...world.http, session: user.session }, world.service);
      expect(after - before, "one answer here, two there").to.equal(2n * result.fee.fee);
    });
  }

  it("an answer that is no JSON is none, and is charged", async () => {
    const before = billed();
    world.market.fail({ kind: "corrupt", how: "json" }, { path: CHAT });
    expect(await failureOf(ask(world, user, { stream: false }))).to.include(malformed);
    expect(billed() - before).to.equal(1);
    await askAgain(false);
  });

  it("an answer of other types than were agreed on is none, or proves nothing", async () => {
    world.market.fail({ kind: "corrupt", how: "types" }, { path: CHAT });
    const outcome = await ask(world, user, { stream: false }).then(
      async (result) => prove(world, result),
      (error: unknown) => error as { code: string },
    );
    if ("code" in outcome) expect(outcome.code).to.equal(malformed.code);
    else expect(outcome).to.include({ status: "rejected", failed: "response" });
    await askAgain(false);
  });

  it("a stream without its last line is cut, however cleanly it ends", async () => {
    world.market.fail({ kind: "corrupt", how: "json" }, { path: CHAT });
    expect(await failureOf(ask(world, user, { stream: true }))).to.include(cut);
    await askAgain(true);
  });

  it("answers that overtake each other reach whoever asked", async () => {
    world.market.fail({ kind: "reorder" }, { path: CHAT, times: 1 });
    const answers = await Promise.all([ask(world, user, { stream: false }), ask(world, user, { stream: false })]);
    const verdicts = await Promise.all(answers.map(async (answer) => prove(world, answer)));
    expect(verdicts.map(({ status }) => status)).to.deep.equal(["verified", "verified"]);
    expect(answers[0].chatId).not.to.deep.equal(answers[1].chatId);
  });

  it("an answer that belongs to another question is not taken for one's own", async () => {
    const first = await ask(world, user, { stream: false });
    const other = Buffer.from(first.responseBytes).toString("utf8");
    world.market.fail({ kind: "status", status: 200, body: other }, { path: CHAT, times: 1 });
    const replayed = await ask(world, user, { stream: false });
    // Its id leads to the signature of the first question.
    expect(await prove(world, replayed)).to.include({ status: "rejected", failed: "request", mintable: false });
  });

  describe("for a signature", () => {
    const fetching: readonly (readonly [what: string, fault: Fault, code: string, exit: number])[] = [
      ["hangs up", { kind: "drop" }, "ZG_PROVIDER_DOWN", EXIT.network],
      ["never answers", { kind: "hang" }, "ZG_PROVIDER_TIMEOUT", EXIT.network],
      ["breaks off", { kind: "cut", afterBytes: 10 }, "ZG_RESPONSE_CUT", EXIT.network],
      ["fails", { kind: "status", status: 502 }, "ZG_PROVIDER_DOWN", EXIT.network],
      ["limits the rate", { kind: "status", status: 429, retryAfter: 1 }, "ZG_RATE_LIMITED", EXIT.network],
      ["answers with half of it", { kind: "corrupt", how: "json" }, "ZG_SIGNATURE_DOCUMENT", EXIT.trust],
      ["answers with other types", { kind: "corrupt", how: "types" }, "ZG_SIGNATURE_DOCUMENT", EXIT.trust],
    ];
    for (const [what, fault, code, exit] of fetching) {
      it(`one that ${what} leaves the answer unproved, and the next look proves it for nothing`, async () => {
        const result = await ask(world, user, { stream: false });
        const before = billed();
        world.market.fail(fault, { path: SIGNATURE });
        expect(await failureOf(prove(world, result, patience(fault)))).to.include({ code, exit });
        await world.heal();
        expect(await prove(world, result)).to.include({ status: "verified" });
        expect(billed()).to.equal(before);
      });
    }

    it("is asked for again where one look fails in passing", async () => {
      const result = await ask(world, user, { stream: false });
      world.market.fail({ kind: "drop" }, { path: SIGNATURE, times: 2 });
      expect(await prove(world, result)).to.include({ status: "verified" });
    });

    it("is one that proves nothing with one bit turned over", async () => {
      const result = await ask(world, user, { stream: false });
      world.market.fail({ kind: "corrupt", how: "bytes" }, { path: SIGNATURE });
      const outcome = await prove(world, result).catch((error: unknown) => error as { code: string });
      if ("code" in outcome) expect(outcome.code).to.equal("ZG_SIGNATURE_DOCUMENT");
      else expect(outcome.status).to.equal("rejected");
    });
  });

  describe("for what it is owed", () => {
    const owed = async () => fetchUnsettledFee({ ...world.http, session: user.session }, world.service);
    const FAILING: readonly (readonly [what: string, fault: Fault, code: string])[] = [
      ["hangs up", { kind: "drop" }, "ZG_PROVIDER_DOWN"],
      ["breaks off", { kind: "cut", afterBytes: 4 }, "ZG_RESPONSE_CUT"],
      ["answers with a number where a text belongs", { kind: "corrupt", how: "types" }, "ZG_RESPONSE_MALFORMED"],
      ["answers with half of it", { kind: "corrupt", how: "json" }, "ZG_RESPONSE_MALFORMED"],
      ["fails", { kind: "status", status: 500 }, "ZG_PROVIDER_DOWN"],
    ];
    for (const [what, fault, code] of FAILING) {
      it(`one that ${what} is an error, and not nothing owed`, async () => {
        world.market.fail(fault, { path: UNSETTLED });
        expect(await failureOf(owed())).to.include({ code, exit: EXIT.network });
        await world.heal();
        expect(await owed()).to.equal(world.provider.unsettledFee(user.address));
      });
    }
  });

  it("is not done where nobody answers at its address, before anything is paid", async () => {
    for (const fault of [{ kind: "drop" }, { kind: "hang" }, { kind: "status", status: 503 }] as const) {
      world.market.fail(fault);
      expect((await failureOf(assertAnswers(patience(fault), world.service))).exit).to.equal(EXIT.network);
      await world.heal();
    }
    await assertAnswers(world.http, world.service);
  });
});
