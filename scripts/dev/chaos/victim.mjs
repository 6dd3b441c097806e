/**
 * Preloaded (`node --import`) into a command that is to be killed: names the points it passes, writes each into the file
 * `KILL_RECORD`, and ends the process with SIGKILL at the one called `KILL_AT`. It watches Node's own file system and
 * sockets, so that the command under test knows nothing of it and whatever client sends a request is seen.
 *
 *   journal:<fact>:before     nothing of the line is in the file
 *   journal:<fact>:torn       half of it is
 *   journal:<fact>:after      it is on the disk
 *   journal:items(<states>):before/after   a commit of a batch's store
 *   file:<what>:before/after  another file of the run, around the rename that makes it whole
 *   <request>:before          nothing of the request has left
 *   <request>:sent            it left
 *   <request>:after           the other side has done what was asked for, and its answer is not looked at yet
 *
 * Requests: `broadcast(<step>)`, `inference`, `signature`, `upload`. The second of a name ends in `~2`. A line
 * `unflushed <request>` says that a request left while a journal line was not on the disk yet.
 */

import { Buffer } from "node:buffer";
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import path from "node:path";
import { isMainThread } from "node:worker_threads";

const { KILL_AT: killAt, KILL_RECORD: record } = process.env;

/** Loaders run in threads of their own and inherit the preload; the command is in the main one. */
if (record !== undefined && isMainThread) watch(record);

function watch(file) {
  const original = { ...fs };
  const log = original.openSync(file, "a");
  const seen = new Map();

  /** The name of what happens now: numbered when it happened before. */
  function occurrence(name) {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}~${count}`;
  }

  function pass(point) {
    original.writeSync(log, `${point}\n`);
    if (point !== killAt) return;
    process.kill(process.pid, "SIGKILL");
    for (;;); // not one instruction more
  }

  // --- The journal -------------------------------------------------------------------------------------------------

  const journals = new Map(); // descriptor → the fact last written to it
  const unflushed = new Set();
  /** What was signed last: broadcasts are named after it. */
  let step = "transaction";

  function isJournal(name) {
    return typeof name === "string" && /[\\/](runs|batches)[\\/][^\\/]+\.jsonl$/.test(name);
  }

  function factName(text) {
    const fact = JSON.parse(text);
    if (fact.type === "signed") step = fact.step;
    const detail = fact.type === "signed" ? fact.step : fact.type === "stored" ? fact.what : undefined;
    return occurrence(`journal:${fact.type}${detail === undefined ? "" : `(${detail.replaceAll(" ", "-")})`}`);
  }

  /** Commands without a run of their own write down what they sign in one file. */
  fs.appendFileSync = (target, data, ...rest) => {
    if (!/[\\/]transactions\.jsonl$/.test(String(target))) return original.appendFileSync(target, data, ...rest);
    step = JSON.parse(String(data)).what.split(" ")[0];
    const name = occurrence(`journal:signed(${step})`);
    pass(`${name}:before`);
    original.appendFileSync(target, data, ...rest);
    pass(`${name}:after`);
  };
  fs.openSync = (name, ...rest) => {
    const descriptor = original.openSync(name, ...rest);
    if (isJournal(name)) journals.set(descriptor, undefined);
    return descriptor;
  };
  fs.closeSync = (descriptor) => {
    original.closeSync(descriptor);
    journals.delete(descriptor);
  };
  fs.writeFileSync = (target, data, ...rest) => {
    if (!journals.has(target)) return original.writeFileSync(target, data, ...rest);
    const text = String(data);
    const name = factName(text);
    pass(`${name}:before`);
    if (`${name}:torn` === killAt) original.writeFileSync(target, text.slice(0, text.length / 2));
    pass(`${name}:torn`);
    original.writeFileSync(target, data, ...rest);
    journals.set(target, name);
    unflushed.add(target);
  };
  fs.fsyncSync = (descriptor) => {
    original.fsyncSync(descriptor);
    if (!unflushed.delete(descriptor)) return;
    pass(`${journals.get(descriptor)}:after`);
  };

  // --- The store of a batch ----------------------------------------------------------------------------------------

  const { getBuiltinModule } = process;
  process.getBuiltinModule = (id) => {
    const found = getBuiltinModule(id);
    if (id === "node:sqlite") process.getBuiltinModule = getBuiltinModule;
    return id === "node:sqlite" ? watched(found) : found;
  };

  /** SQLite makes a transaction whole by itself: what counts is before and after its commit. */
  function watched(sqlite) {
    const states = new Set();
    const { exec } = sqlite.DatabaseSync.prototype;
    const { run } = sqlite.StatementSync.prototype;
    sqlite.StatementSync.prototype.run = function (...values) {
      const [, state] = /^UPDATE items SET state = '(\w+)'/.exec(this.sourceSQL) ?? [];
      if (state !== undefined) states.add(state);
      return run.apply(this, values);
    };
    sqlite.DatabaseSync.prototype.exec = function (sql) {
      if (sql === "BEGIN IMMEDIATE") states.clear();
      if (sql !== "COMMIT") return exec.call(this, sql);
      const name = occurrence(`journal:items(${[...states].sort().join("+")})`);
      pass(`${name}:before`);
      exec.call(this, sql);
      pass(`${name}:after`);
    };
    return sqlite;
  }

  // --- Other files of a run, written whole -------------------------------------------------------------------------

  const { rename } = promises;
  promises.rename = async (from, to) => {
    const folder = /[\\/](receipts|objects|uploads|deployments[\\/][^\\/]+)[\\/]([^\\/]+)$/.exec(String(to));
    if (folder === null) return rename(from, to);
    const what = folder[1].startsWith("deployments") ? path.parse(folder[2]).name : folder[1];
    const name = occurrence(`file:${what}`);
    pass(`${name}:before`);
    await rename(from, to);
    pass(`${name}:after`);
  };
  syncBuiltinESMExports();

  // --- What leaves over sockets ------------------------------------------------------------------------------------

  /** A request is known by its first line or, in JSON-RPC, by its method, which stands at the beginning of the body. */
  const HEAD = 1_024;
  const REQUESTS = [
    [/eth_sendRawTransaction/, () => `broadcast(${step})`],
    [/zgs_uploadSegment/, () => "upload"],
    [/^POST \S*\/v1\/proxy\/chat\/completions /, () => "inference"],
    [/^GET \S*\/v1\/proxy\/signature\//, () => "signature"],
  ];

  function requestIn(chunk) {
    const head =
      typeof chunk === "string" ? chunk.slice(0, HEAD) : Buffer.from(chunk.subarray(0, HEAD)).toString("latin1");
    return REQUESTS.find(([pattern]) => pattern.test(head))?.[1]();
  }

  const { write } = net.Socket.prototype;
  const { push } = net.Socket.prototype;
  net.Socket.prototype.write = function (chunk, ...rest) {
    const request = this.remotePort === undefined ? undefined : requestIn(chunk);
    if (request === undefined) return write.call(this, chunk, ...rest);
    const name = occurrence(request);
    if (unflushed.size > 0) original.writeSync(log, `unflushed ${name}\n`);
    pass(`${name}:before`);
    this.push = function (bytes, encoding) {
      delete this.push;
      pass(`${name}:after`);
      return push.call(this, bytes, encoding);
    };
    const done = rest.findIndex((argument) => typeof argument === "function");
    const notified = (error) => {
      pass(`${name}:sent`);
      if (done >= 0) rest[done](error);
    };
    return write.call(this, chunk, ...rest.slice(0, done < 0 ? undefined : done), notified);
  };
}
