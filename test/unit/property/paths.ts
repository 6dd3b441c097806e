import path from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { ZgError } from "../../../lib/errors.ts";
import { assertRunId, runsIn } from "../../../lib/flow/journal-file.ts";
import { assertClientName } from "../../../lib/gateway/errors.ts";
import { assertJobId } from "../../../lib/jobs/id.ts";
import { conflictingName, nameProblem } from "../../../lib/names.ts";
import { signatureUrl } from "../../../lib/protocol/endpoints.ts";
import { CHAT_ID_PATTERN } from "../../../lib/protocol/chat.ts";
import { assertRoot } from "../../../lib/storage/root.ts";
import { receiptName } from "../../../tasks/support/receipts.ts";

const SEED = { seed: 20_261_121, numRuns: 500 };

/** What leads out of a folder on one system or another, and what no file can be called. */
const HOSTILE = [
  ...["..", ".", "../a", "a/../../b", "/etc/passwd", "//host/share", "..\\a", "C:\\a", "C:a", "\\\\?\\a", "~", "~/a"],
  ...["a\0b", "a\nb", "", " ", "a.", "a ", "con", "NUL.txt", "com1", "a:b", "a*", "x".repeat(300), "é", "e\u0301"],
  ...[
    "\u2024\u2024/a",
    "\uff0e\uff0e\uff0fa",
    "..%2fa",
    "%2e%2e/a",
    "\u202ea",
    "\ud800",
    "a\u2215b",
    "-rf",
    "__proto__",
  ],
];
const name = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.array(fc.constantFrom(...HOSTILE, "a", "/", "\\", "."), { maxLength: 5 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary" }),
);

const FOLDER = path.resolve("/a/folder/of/ours");

/** Whether a path is an entry right in the folder, by the rules of both kinds of systems. */
function isEntryOf(folder: string, file: string): boolean {
  const entry = path.relative(folder, file);
  return path.dirname(file) === folder && path.win32.basename(entry) === entry && !entry.includes("\0") && entry !== "";
}

describe("no name that others choose leads out of its folder", () => {
  for (const [what, take] of [
    ["a run's id", (id: string) => (assertRunId(id), `${id}.jsonl`)],
    ["a job's id", (id: string) => (assertJobId(id), `${id}.json`)],
    ["a client's name", (client: string) => (assertClientName(client), `${client}.json`)],
    ["a root", (root: string) => (assertRoot(root), root)],
    ["a chat id", (id: string) => receiptName(0, id)],
  ] as const) {
    it(what, () => {
      fc.assert(
        fc.property(name, (hostile) => {
          let file: string;
          try {
            file = take(hostile);
          } catch (error) {
            expect(error).to.be.instanceOf(ZgError);
            return;
          }
          expect(isEntryOf(FOLDER, path.join(FOLDER, file)), JSON.stringify(hostile)).to.equal(true);
          expect(Buffer.byteLength(file)).to.be.at.most(255);
        }),
        SEED,
      );
    });
  }

  it("a file's name, in as many folders as it names", () => {
    fc.assert(
      fc.property(name, (hostile) => {
        if (nameProblem(hostile) !== undefined) return;
        const file = path.join(FOLDER, ...hostile.split("/"));
        expect(file.startsWith(FOLDER + path.sep), JSON.stringify(hostile)).to.equal(true);
        expect(path.relative(FOLDER, file).split(path.sep).join("/")).to.equal(hostile);
        expect(path.win32.normalize(hostile).replaceAll("\\", "/")).to.equal(hostile);
      }),
      SEED,
    );
  });

  it("and no two names are one file where case or composition does not count", () => {
    expect(conflictingName(["é", "e\u0301"])).to.equal("e\u0301");
    expect(conflictingName(["A/b", "a"])).to.equal("a");
  });

  it("a chat id in an address either: what is none is asked nowhere", () => {
    fc.assert(
      fc.property(name, (hostile) => {
        if (!CHAT_ID_PATTERN.test(hostile)) return;
        const url = new URL(signatureUrl("https://provider.example", hostile, "m"));
        expect(url.pathname).to.equal(`/v1/proxy/signature/${hostile}`);
      }),
      SEED,
    );
  });

  it("lists only files that are runs", () => {
    expect(runsIn(path.resolve("no such folder"))).to.deep.equal([]);
  });
});
