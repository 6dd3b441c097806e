import { expect } from "chai";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../../lib/errors.ts";
import { action } from "../../../tasks/support/action.ts";
import { printable } from "../../../tasks/support/printable.ts";
import { table } from "../../../tasks/support/table.ts";

const HOSTILE = "\u001b]0;title\u0007\u001b[2J\rok  signature\u009b31m\u202e";
const HARMLESS = "\\u001b]0;title\\u0007\\u001b[2J\\u000dok  signature\\u009b31m\\u202e";

describe("printable", () => {
  it("spells out what would command a terminal, and leaves text of any language alone", () => {
    expect(printable(HOSTILE)).to.equal(HARMLESS);
    const text = "line\n\tindented: é, 漢字, עברית, 🙂";
    expect(printable(text)).to.equal(text);
  });
});

describe("what a task prints", () => {
  const hre = { globalOptions: {} } as unknown as HardhatRuntimeEnvironment;
  const written = { stdout: "", stderr: "" };
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
  let exitCode: typeof process.exitCode;

  async function output(run: Parameters<typeof action>[0]): Promise<typeof written> {
    Object.assign(written, { stdout: "", stderr: "" });
    exitCode = process.exitCode;
    for (const name of ["stdout", "stderr"] as const) {
      process[name].write = (text: string | Uint8Array) => {
        written[name] += String(text);
        return true;
      };
    }
    try {
      await action(run)({}, hre);
    } finally {
      Object.assign(process.stdout, { write: originals.stdout });
      Object.assign(process.stderr, { write: originals.stderr });
      process.exitCode = exitCode;
    }
    return written;
  }

  it("commands no terminal, in its result and in its log", async () => {
    const { stdout, stderr } = await output(async (_args, _hre, io) => {
      io.log(HOSTILE);
      return Promise.resolve({ data: {}, text: [HOSTILE] });
    });
    expect({ stdout, stderr }).to.deep.equal({ stdout: `${HARMLESS}\n`, stderr: `${HARMLESS}\n` });
  });

  it("commands none in an error either", async () => {
    const { stderr } = await output(async () => Promise.reject(new UsageError({ message: HOSTILE, remedy: HOSTILE })));
    expect(stderr).to.equal(`ZG_USAGE  ${HARMLESS}\n  fix: ${HARMLESS}\n`);
  });

  it("keeps a row of a table on one line, so that no cell can add a row", () => {
    expect(table([["FAILED", "signer", "evil\nok  signer"]])).to.deep.equal(["FAILED  signer  evil ok  signer"]);
  });
});
