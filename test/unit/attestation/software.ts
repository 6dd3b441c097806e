import { expect } from "chai";

import type { ItemName } from "../../../lib/attestation/item.ts";
import { tappComposeHash } from "../../../lib/attestation/compose.ts";
import { EvidenceMalformedError } from "../../../lib/attestation/errors.ts";
import { caught } from "../compute/support/caught.ts";
import { examine, type Found } from "./support/found.ts";
import { makeMachine, type TestMachine } from "./support/machine.ts";
import {
  APP_COMPOSE,
  agentEvent,
  brokerReport,
  COMPOSE_FILE,
  dstackLog,
  IMAGE,
  registersOf,
  runtimeEntry,
  SIGNER,
  startApp,
  tappEvents,
  tappReport,
  tcgLog,
  trusting,
  type LogEntry,
  type ReportOptions,
  type TappOptions,
} from "./support/reports.ts";

/** In a log of the TCG: the first entry's kind of digest, and where the next entry begins. */
const FIRST_ALGORITHM = 32 + 16 + 8 + 4;
const FIRST_EVENT = FIRST_ALGORITHM + 5;
const KNOWN_BOOT = { name: "a known image", mrtd: "d7".repeat(48) };

describe("hardware attestation: the software", () => {
  let machine: TestMachine;

  before(() => {
    machine = makeMachine();
  });

  const found = async (options: ReportOptions = {}): Promise<Found> =>
    examine(trusting(machine, brokerReport(machine, options)));
  /** The log of a genuine machine, told another way than it was measured. */
  const retold = async (log: readonly LogEntry[]): Promise<Found> =>
    found({ quote: { rtmrs: registersOf(dstackLog(APP_COMPOSE)) }, log, members: { tcb_info: tcbInfo() } });
  const tcbInfo = () => ({ app_compose: APP_COMPOSE });

  it("replays the log, proves its words, and finds the compose file in it and in MRCONFIGID", async () => {
    const whole = await found();
    const names: ItemName[] = ["event-log", "events", "registers", "compose", "config-id", "images"];
    expect([whole.failures, names.map(whole.status)]).to.deep.equal([[], names.map(() => "passed")]);
    expect(whole.detail("events")).to.equal("system-preparing, compose-hash, system-ready");
  });

  describe("a log that was not measured so", () => {
    const log = dstackLog(APP_COMPOSE);
    const cases: readonly (readonly [what: string, log: readonly LogEntry[], failures: readonly ItemName[]])[] = [
      ["an event more", [...log, runtimeEntry("extra")], ["event-log"]],
      ["an event less", log.filter((_, index) => index !== 2), ["event-log"]],
      ["two events in disorder", [log[1]!, log[0]!, ...log.slice(2)], ["event-log"]],
      [
        "an event in another register",
        log.map((each, index) => (index === 1 ? { ...each, imr: 1 } : each)),
        ["event-log"],
      ],
      [
        "another digest",
        log.map((each, index) => (index === 3 ? { ...each, digest: "ab".repeat(48) } : each)),
        ["event-log"],
      ],
      [
        "another payload under the same digest",
        log.map((each) => (each.event === "compose-hash" ? { ...each, event_payload: "00".repeat(32) } : each)),
        ["events", "compose"],
      ],
      [
        "another name under the same digest",
        log.map((each) => (each.event === "system-ready" ? { ...each, event: "system-done" } : each)),
        ["events"],
      ],
      [
        "words of another type, which no digest proves",
        log.map((each) => (each.event === "compose-hash" ? { ...each, event_type: 1 } : each)),
        ["compose"],
      ],
    ];
    for (const [what, told, failures] of cases) {
      it(`fails with ${what}`, async () => {
        expect((await retold(told)).failures).to.deep.equal(failures);
      });
    }

    it("fails when it cannot be read, and leaves what follows unchecked", async () => {
      const [first, ...rest] = log;
      const bad: readonly unknown[] = [
        undefined,
        "no JSON",
        "{}",
        JSON.stringify([{ ...first, digest: "ab" }, ...rest]),
        JSON.stringify([{ ...first, digest: "zz".repeat(48) }, ...rest]),
        JSON.stringify([{ ...first, imr: 4 }, ...rest]),
        JSON.stringify([{ ...first, imr: -1 }, ...rest]),
        JSON.stringify([{ ...log[5], event_payload: "xyz" }]),
        JSON.stringify(Array.from({ length: 10_001 }, () => first)),
      ];
      for (const event_log of bad) {
        const broken = await found({ members: { event_log } });
        expect(broken.failures, String(event_log).slice(0, 40)).to.deep.equal(["event-log"]);
        expect([broken.status("events"), broken.status("compose")]).to.deep.equal(["not checked", "not checked"]);
      }
    });
  });

  describe("the compose file", () => {
    it("fails another one than was measured, everywhere it was measured", async () => {
      const other = APP_COMPOSE.replace("2", "3");
      expect((await found({ members: { tcb_info: JSON.stringify({ app_compose: other }) } })).failures).to.deep.equal([
        "compose",
        "config-id",
      ]);
    });

    it("fails when the machine was started for another one", async () => {
      const quote = { mrConfigId: Buffer.concat([Buffer.from([1]), Buffer.alloc(47)]) };
      expect((await found({ quote })).failures).to.deep.equal(["config-id"]);
    });

    it("does not check MRCONFIGID where it is empty or of another form", async () => {
      for (const first of [0, 2]) {
        const quote = { mrConfigId: Buffer.concat([Buffer.from([first]), Buffer.alloc(47)]) };
        const older = await found({ quote });
        expect([older.failures, older.status("config-id")]).to.deep.equal([[], "not checked"]);
      }
    });

    it("fails when it is named twice at the boot, or only by an application", async () => {
      const log = dstackLog(APP_COMPOSE);
      const named = log.find(({ event }) => event === "compose-hash")!;
      const without = log.filter((each) => each !== named);
      const before = [...without.slice(0, -1), named, named, ...without.slice(-1)];
      expect((await found({ log: before })).failures).to.deep.equal(["compose"]);
      const after = await found({ log: [...without, named] });
      expect(after.failures).to.deep.equal(["compose"]);
      expect(after.detail("compose")).to.match(/no compose hash/);
      expect((await found({ log: [...log, named] })).failures, "an application repeats it").to.deep.equal([]);
    });

    it("fails when it is missing", async () => {
      const lacking = await found({ members: { tcb_info: "{}" } });
      expect(lacking.failures).to.deep.equal(["compose", "config-id", "images"]);
    });
  });

  it("fails copies beside the quote that say something else", async () => {
    for (const change of [{ mrtd: "00".repeat(48) }, { rtmr3: "00".repeat(48) }, { rtmr0: "" }]) {
      const misleading = await found({ members: { tcb_info: { ...tcbInfo(), ...change } } });
      expect(misleading.failures, JSON.stringify(change)).to.deep.equal(["registers"]);
    }
  });

  describe("images", () => {
    const withFile = (docker_compose_file: string, image?: string) => {
      const appCompose = JSON.stringify({ docker_compose_file });
      const more = image === undefined ? {} : { image };
      return async () => examine(trusting(machine, brokerReport(machine, { appCompose }), more));
    };

    it("are not fixed by a tag", async () => {
      const floating = await withFile(`${COMPOSE_FILE}  cache:\n    image: redis:7\n`)();
      expect([floating.status("images"), floating.failures]).to.deep.equal(["not checked", []]);
      expect(floating.detail("images")).to.match(/: redis:7$/);
    });

    it("must include the one the chain names, when all are fixed", async () => {
      expect((await withFile(COMPOSE_FILE, IMAGE)()).status("images")).to.equal("passed");
      expect((await withFile(COMPOSE_FILE, `x@sha256:${"2".repeat(64)}`)()).failures).to.deep.equal(["images"]);
    });

    it("may be none", async () => {
      expect((await withFile("services: {}\n")()).status("images")).to.equal("not checked");
    });
  });

  describe("a broker's image replaced after the boot", () => {
    const update = (words: string) => [...dstackLog(APP_COMPOSE), runtimeEntry("zg-image-update", Buffer.from(words))];

    it("is told, with its signer held to the report's", async () => {
      const updated = await found({ log: update(`broker:v2 ${SIGNER} abcd`) });
      expect([updated.failures, updated.status("image-update")]).to.deep.equal([[], "passed"]);
      expect(updated.detail("image-update")).to.contain("broker:v2");
    });

    it("fails with another signer, or unreadable", async () => {
      expect((await found({ log: update(`broker:v2 0x${"1".repeat(40)} abcd`) })).failures).to.deep.equal([
        "image-update",
      ]);
      expect((await found({ log: update("0x 0x 0x 0x") })).failures).to.deep.equal(["image-update"]);
      expect((await found({ log: update("x 0x30") })).failures).to.deep.equal(["image-update"]);
    });

    it("is not believed before the boot has ended", async () => {
      const log = dstackLog(APP_COMPOSE);
      const early = [
        ...log.slice(0, -1),
        runtimeEntry("zg-image-update", Buffer.from(`x ${SIGNER}`)),
        ...log.slice(-1),
      ];
      expect((await found({ log: early })).status("image-update")).to.equal(undefined);
    });
  });

  it("compares the system with known images only when it is given some", async () => {
    const [, rtmr1 = "", rtmr2 = ""] = registersOf(dstackLog(APP_COMPOSE)).map((register) => register.toString("hex"));
    const known = { ...KNOWN_BOOT, rtmr1, rtmr2 };
    const judge = async (osImages: readonly (typeof known)[]) =>
      examine(trusting(machine, brokerReport(machine), { osImages }));
    expect((await found()).status("os-image")).to.equal("not checked");
    expect((await judge([{ ...known, rtmr1: rtmr2 }, known])).detail("os-image")).to.equal("a known image");
    expect((await judge([{ ...known, rtmr2: rtmr1 }])).failures).to.deep.equal(["os-image"]);
  });

  describe("on TAPP", () => {
    const tapp = async (options: TappOptions = {}): Promise<Found> =>
      examine(trusting(machine, tappReport(machine, options)));
    const hash = tappComposeHash(COMPOSE_FILE);

    it("replays the binary log and finds the app by the meaning of its compose file", async () => {
      const whole = await tapp();
      expect([whole.failures, whole.status("compose"), whole.status("other-apps")]).to.deep.equal([
        [],
        "passed",
        "passed",
      ]);
      const respelt = COMPOSE_FILE.replace("services:", "# a comment\n'services':").replaceAll("  ", "    ");
      expect((await tapp({ compose: respelt })).failures).to.deep.equal([]);
    });

    it("fails another compose file, and one that the app was started with before", async () => {
      expect((await tapp({ compose: `${COMPOSE_FILE}volumes: {}\n` })).failures).to.deep.equal(["compose"]);
      const restarted = await tapp({ events: [...tappEvents(), startApp("broker", "ab".repeat(48))] });
      expect(restarted.failures).to.deep.equal(["compose"]);
      const stopped = agentEvent('tapp.0g.com stop_app {"app_id":"broker"}');
      expect((await tapp({ events: [...tappEvents(), stopped] })).failures).to.deep.equal(["compose"]);
    });

    it("goes by what happened: a start that failed changes nothing", async () => {
      const events = [...tappEvents(), startApp("broker", "ab".repeat(48), { result: "failed" })];
      expect((await tapp({ events })).failures).to.deep.equal([]);
    });

    it("says what else runs in the same trust domain", async () => {
      const both = await tapp({ events: [...tappEvents(), startApp("nginx", "ab".repeat(48))] });
      expect([both.failures, both.status("other-apps")]).to.deep.equal([[], "not checked"]);
      expect(both.detail("other-apps")).to.contain("nginx abab");
    });

    it("fails words that their digest does not prove", async () => {
      const forged = { ...startApp("broker", hash), digest: Buffer.alloc(48, 3) };
      expect((await tapp({ events: [...tappEvents().slice(0, -1), forged] })).failures).to.deep.equal(["events"]);
    });

    it("fails operations that cannot be read", async () => {
      for (const words of [
        "tapp.0g.com start_app no JSON",
        "tapp.0g.com start_app []",
        'tapp.0g.com start_app {"app_id":"x"}',
      ]) {
        expect((await tapp({ events: [...tappEvents(), agentEvent(words)] })).failures).to.deep.equal(["compose"]);
      }
    });

    it("fails a log with an event more, less, or of another kind of digest, and one that is cut", async () => {
      const events = tappEvents();
      const altered = (at: number, to: number): Uint8Array => tcgLog(events).fill(to, at, at + 1);
      const bad = [
        tcgLog([...events, agentEvent("a b c")]),
        tcgLog(events.slice(1)),
        tcgLog([events[1]!, events[0]!, ...events.slice(2)]),
        tcgLog(events).subarray(0, -30),
        Buffer.concat([tcgLog(events), Buffer.from([1])]),
        tcgLog([{ register: 5, type: 1, data: Buffer.from("x") }, ...events]),
        altered(FIRST_ALGORITHM, 11),
        altered(FIRST_ALGORITHM - 4, 2),
        altered(FIRST_EVENT + 8, 2),
        altered(FIRST_EVENT + 12, 11),
        altered(40, 0x20),
        new Uint8Array(0),
      ];
      for (const [index, log] of bad.entries()) {
        expect((await tapp({ log })).failures, String(index)).to.deep.equal(["event-log"]);
      }
    });

    it("skips what is noted without being measured", async () => {
      const noted = { register: 1, type: 3, data: Buffer.from("a note") };
      expect((await tapp({ events: [noted, ...tappEvents()] })).failures).to.deep.equal([]);
    });
  });
});

describe("tappComposeHash", () => {
  it("sorts keys by their bytes, numbers and __proto__ included", () => {
    const a = tappComposeHash('b: 1\n"10": x\n"9": y\n__proto__: {z: []}\na: {}\n');
    const b = tappComposeHash('"9": y\na: {}\n__proto__:\n  z: []\n"10": x\nb: 1\n');
    expect(a).to.equal(b).and.not.equal(tappComposeHash('b: 1\n"10": x\n"9": y\na: {}\n'));
  });

  it("is refused what is no YAML, or stands for far more than it says", async () => {
    const laughs = Array.from({ length: 9 }, (_, level) =>
      level === 0
        ? "l0: &l0 [x,x,x,x,x,x,x,x,x,x]"
        : `l${level}: &l${level} [${Array(10)
            .fill(`*l${level - 1}`)
            .join(",")}]`,
    ).join("\n");
    for (const text of [
      "a: [",
      "a: b: c",
      laughs,
      `a: ${"[".repeat(100)}${"]".repeat(100)}`,
      "x".repeat(1024 * 1024 + 1),
    ]) {
      await caught(EvidenceMalformedError, () => tappComposeHash(text));
    }
  });
});
