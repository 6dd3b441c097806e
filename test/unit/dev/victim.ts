import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { expect } from "chai";

import { PROJECT_ROOT } from "../../support/cli.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const PRELOAD = pathToFileURL(path.join(PROJECT_ROOT, "scripts/dev/chaos/victim.mjs")).href;

describe("what watches a victim", () => {
  let folder: TemporaryFolder;
  let node: Server;
  let received = 0;

  before(async () => {
    folder = await temporaryFolder();
    await mkdir(path.join(folder.path, "runs"));
    node = createServer((request, response) => {
      request.resume().on("end", () => {
        received++;
        response.end("{}");
      });
    });
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    node.closeAllConnections();
    await new Promise((resolve) => node.close(resolve));
    await folder.remove();
  });

  const journal = (name: string) => path.join(folder.path, "runs", `${name}.jsonl`);

  /** Signs and sends as a run does, with or without flushing its journal; killed at `point`. */
  async function act(name: string, { flush, point = "" }: { flush: boolean; point?: string }) {
    const record = path.join(folder.path, `${name}.points`);
    const { port } = node.address() as AddressInfo;
    const script = `
      import { closeSync, fsyncSync, openSync, writeFileSync } from "node:fs";
      const journal = openSync(${JSON.stringify(journal(name))}, "a");
      writeFileSync(journal, '{"type":"signed","step":"deposit"}\\n');
      ${flush ? "fsyncSync(journal);" : ""}
      const body = '{"method":"eth_sendRawTransaction"}';
      await fetch("http://127.0.0.1:${port}", { method: "POST", body });
      closeSync(journal);`;
    const child = spawn(process.execPath, ["--import", PRELOAD, "--input-type=module", "-e", script], {
      env: { KILL_RECORD: record, KILL_AT: point },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return { end: signal ?? code, points: (await readFile(record, "utf8")).split("\n").slice(0, -1) };
  }

  it("names the points it passes, in order", async () => {
    const { end, points } = await act("whole", { flush: true });
    expect(end).to.equal(0);
    expect(points).to.deep.equal([
      "journal:signed(deposit):before",
      "journal:signed(deposit):torn",
      "journal:signed(deposit):after",
      "broadcast(deposit):before",
      "broadcast(deposit):sent",
      "broadcast(deposit):after",
    ]);
  });

  it("tells when a transaction leaves before its journal line is on the disk", async () => {
    const { points } = await act("unflushed", { flush: false });
    expect(points).to.include("unflushed broadcast(deposit)");
  });

  it("kills it in the middle of a line", async () => {
    const { end } = await act("torn", { flush: true, point: "journal:signed(deposit):torn" });
    expect(end).to.equal("SIGKILL");
    expect(await readFile(journal("torn"), "utf8")).to.equal('{"type":"signed",');
  });

  it("kills it before a line, and before a request, of which nothing leaves", async () => {
    const before = received;
    await act("unwritten", { flush: true, point: "journal:signed(deposit):before" });
    expect(existsSync(journal("unwritten")) && (await readFile(journal("unwritten"), "utf8"))).to.equal("");
    const { end } = await act("unsent", { flush: true, point: "broadcast(deposit):before" });
    expect(end).to.equal("SIGKILL");
    expect(received).to.equal(before);
  });

  it("kills it after a request was served, and before its answer is looked at", async () => {
    const before = received;
    const { end } = await act("served", { flush: true, point: "broadcast(deposit):after" });
    expect(end).to.equal("SIGKILL");
    expect(received).to.equal(before + 1);
  });
});
