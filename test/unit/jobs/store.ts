import { mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { JobIdTakenError, JobStoreError, JobUnknownError } from "../../../lib/jobs/errors.ts";
import { openSqlite } from "../../../lib/sqlite.ts";
import { JobStore, WORKER_LEASE_MS, type NewJob, type StoreDeps } from "../../../lib/jobs/store.ts";
import { parseTask } from "../../../lib/jobs/task.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../compute/support/caught.ts";

const NEW: NewJob = {
  id: "one",
  task: parseTask({ task_type: "inference", inputs: { prompt: "hi" } }),
  user: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
  genesisHash: `0x${"11".repeat(32)}`,
  provider: "0xBcd4042DE499D14e55001CcbB24a551F3b954096",
  model: "m",
  agreed: 10n ** 19n,
  attest: false,
};
const WORKED = { user: NEW.user, genesisHash: NEW.genesisHash };
const ALICE = { id: "alice", pid: 100, host: "here" };
const BOB = { id: "bob", pid: 200, host: "here" };
const FAILURE = { code: "ZG_X", exit: 3, message: "no", remedy: "none" } as const;

describe("the store of jobs", () => {
  let folder: TemporaryFolder;
  let count = 0;
  let now: number;
  let dead: Set<number>;
  const open: JobStore[] = [];
  before(async () => {
    folder = await temporaryFolder();
  });
  beforeEach(() => {
    [now, dead] = [1_000_000, new Set()];
  });
  afterEach(() => {
    for (const store of open.splice(0)) store.close();
  });
  after(async () => folder.remove());

  const deps: StoreDeps = { clock: () => now, isAlive: (pid) => !dead.has(pid), host: "here" };
  const fresh = () => path.join(folder.path, `jobs ${(count += 1)}`, "jobs.db");
  function opened(file = fresh()): JobStore {
    const store = new JobStore(file, deps);
    open.push(store);
    return store;
  }
  const stored = () => {
    const store = opened();
    store.submit(NEW);
    return store;
  };
  const stateOf = (store: JobStore, id = NEW.id) => store.get(id).state;

  it("is for its owner alone, side files too", async () => {
    const { file } = stored();
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(name)).mode & 0o777).to.equal(0o600);
    expect((await stat(path.dirname(file))).mode & 0o777).to.equal(0o700);
  });

  it("keeps amounts that no 64-bit number holds, and what was submitted", () => {
    const store = stored();
    const again = opened(store.file).get("one");
    expect(again).to.deep.include({ agreed: NEW.agreed, task: NEW.task, user: NEW.user, state: "pending" });
  });

  it("takes the same id with the same task for the same job, and refuses another", async () => {
    const store = stored();
    expect(store.submit(NEW)).to.deep.include({ created: false });
    const other = parseTask({ task_type: "inference", inputs: { prompt: "bye" } });
    const differs = async (job: NewJob) => (await caught(JobIdTakenError, () => store.submit(job))).details["differs"];
    expect(await differs({ ...NEW, task: other })).to.equal("task");
    expect(await differs({ ...NEW, user: NEW.provider })).to.equal("account");
    expect(await differs({ ...NEW, genesisHash: `0x${"22".repeat(32)}` })).to.equal("chain");
    await caught(JobUnknownError, () => store.get("two"));
  });

  it("gives a job to one worker, whichever process asks", () => {
    const store = stored();
    const elsewhere = opened(store.file);
    expect(store.claim("one", ALICE)?.state).to.equal("preparing");
    expect(elsewhere.claim("one", BOB)).to.be.undefined;
    expect(elsewhere.asked("one", BOB, 1n)).to.be.false;
    expect(elsewhere.workable(WORKED)).to.deep.equal([]);
    expect(store.asked("one", ALICE, 1n)).to.be.true;
    expect(store.asked("one", ALICE, 1n)).to.be.false;
  });

  it("offers a worker only jobs of its account on its chain, the oldest first", () => {
    const store = stored();
    now += 1;
    store.submit({ ...NEW, id: "two" });
    expect(store.workable(WORKED).map(({ id }) => id)).to.deep.equal(["one", "two"]);
    expect(store.workable({ ...WORKED, user: NEW.provider })).to.deep.equal([]);
    expect(store.workable({ ...WORKED, genesisHash: `0x${"22".repeat(32)}` })).to.deep.equal([]);
    expect(store.list(1).map(({ id }) => id)).to.deep.equal(["two"]);
  });

  it("cancels until the request is sent, and then not", () => {
    const store = stored();
    store.claim("one", ALICE);
    expect(store.cancel("one").cancelled).to.be.true;
    expect(store.asked("one", ALICE, 1n)).to.be.false;
    expect(store.putBack("one", ALICE, "x")).to.be.false;
    expect(store.cancel("one").cancelled).to.be.false;
    store.submit({ ...NEW, id: "two" });
    store.claim("two", ALICE);
    store.asked("two", ALICE, 7n);
    expect(store.cancel("two")).to.deep.include({ cancelled: false });
    expect(store.get("two")).to.deep.include({ state: "asked", spent: 7n, spent_assumed: true });
  });

  it("lets a job wait again whose worker died before anything was sent", () => {
    const store = stored();
    store.claim("one", ALICE);
    store.recover();
    expect(stateOf(store)).to.equal("preparing");
    dead.add(ALICE.pid);
    store.recover();
    expect(store.get("one")).to.include({ state: "pending", worker: null });
  });

  it("gives a job up whose worker died after it was sent, and offers it to nobody", () => {
    const store = stored();
    store.claim("one", ALICE);
    store.asked("one", ALICE, 7n);
    dead.add(ALICE.pid);
    store.recover();
    expect(store.get("one")).to.deep.include({ state: "outcome_unknown", spent: 7n, spent_assumed: true });
    expect(store.workable(WORKED)).to.deep.equal([]);
    expect(store.claim("one", BOB)).to.be.undefined;
    expect(store.claimUnproved("one", BOB)).to.be.undefined;
  });

  it("believes a worker elsewhere, and one whose number lives on, as long as it is heard of", () => {
    const store = stored();
    const far = { ...ALICE, host: "elsewhere" };
    dead.add(far.pid);
    store.claim("one", far);
    store.recover();
    expect(stateOf(store)).to.equal("preparing");
    now += WORKER_LEASE_MS;
    store.seen(far);
    now += WORKER_LEASE_MS;
    store.recover();
    expect(stateOf(store)).to.equal("preparing");
    now += 1;
    store.recover();
    expect(stateOf(store)).to.equal("pending");
  });

  it("writes every step down", () => {
    const store = stored();
    store.claim("one", ALICE);
    store.asked("one", ALICE, 7n);
    store.fail("one", ALICE, FAILURE, { spending: { amount: 0n, assumed: false } });
    expect(store.history("one").map(({ state }) => state)).to.deep.equal(["pending", "preparing", "asked", "failed"]);
    expect(store.get("one")).to.deep.include({ failure: FAILURE, spent: 0n, completed_at: now });
  });

  it("refuses a file of a newer version, of another program, and one that is damaged", async () => {
    const problemOf = async (file: string) =>
      (await caught(JobStoreError, () => new JobStore(file, deps))).details["problem"];
    const newer = stored();
    const altered = openSqlite(newer.file);
    altered.exec("PRAGMA user_version = 99");
    expect(await problemOf(newer.file)).to.include("version 99");
    altered.exec("PRAGMA user_version = 1; PRAGMA application_id = 7");
    altered.close();
    expect(await problemOf(newer.file)).to.include("another program's");
    const damaged = fresh();
    await mkdir(path.dirname(damaged));
    await writeFile(damaged, "this is no database, whatever its name says. ".repeat(20));
    expect(await problemOf(damaged)).to.include("not a database");
  });
});
