import { expect } from "chai";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Hex } from "../../../lib/hex.ts";
import { isMissing, writeFileAtomic } from "../../../lib/storage/atomic-file.ts";
import { StorageRootMalformedError, StorageRootMismatchError } from "../../../lib/storage/errors.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";
import { FileObjectStore, MemoryObjectStore, type ObjectStore } from "../../../lib/storage/object-store.ts";

const BYTES = Uint8Array.of(1, 2, 3);
const ROOT = storageRoot(BYTES);
const OTHER_ROOT = storageRoot(Uint8Array.of(4));

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
}

describe("an object store", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "objects-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const makers: Record<string, () => ObjectStore> = {
    "in files": () => new FileObjectStore(path.join(folder, "objects")),
    "in memory": () => new MemoryObjectStore(),
  };
  for (const [where, make] of Object.entries(makers)) {
    describe(where, () => {
      it("gives back what it was given, also when given twice", async () => {
        const store = make();
        await store.put(ROOT, BYTES);
        await store.put(ROOT, BYTES);
        expect(Array.from((await store.get(ROOT)) ?? [])).to.deep.equal([1, 2, 3]);
      });

      it("keeps the bytes it was given first when others have the same root", async () => {
        const store = make();
        await store.put(ROOT, BYTES);
        const padded = Uint8Array.of(...BYTES, 0);
        expect(storageRoot(padded)).to.equal(ROOT);
        await store.put(ROOT, padded);
        expect(Array.from((await store.get(ROOT)) ?? [])).to.deep.equal([1, 2, 3]);
      });

      it("does not hold what it was not given", async () => {
        expect(await make().get(ROOT)).to.equal(undefined);
      });

      it("rejects bytes under a root that is not theirs, and keeps nothing", async () => {
        const store = make();
        const error = await rejection(store.put(OTHER_ROOT, BYTES));
        expect(error).to.be.instanceOf(StorageRootMismatchError);
        expect(error).to.deep.include({ code: "ZG_STORAGE_ROOT", exit: 5 });
        expect(error).to.have.property("details").that.includes({ expected: OTHER_ROOT, actual: ROOT });
        expect(await store.get(OTHER_ROOT)).to.equal(undefined);
      });

      it("rejects names that are not roots", async () => {
        const store = make();
        for (const name of ["", "../escape", `${ROOT}/..`, ROOT.toUpperCase(), ROOT.slice(0, -1), ROOT.slice(2)]) {
          for (const call of [store.get(name as Hex), store.put(name as Hex, BYTES)]) {
            const error = await rejection(call);
            expect(error, name).to.be.instanceOf(StorageRootMalformedError);
            expect(error).to.have.property("details").that.deep.equals({ root: name });
          }
        }
      });
    });
  }

  it("in files keeps them for the owner only, whole, and nothing beside them", async function () {
    const store = new FileObjectStore(path.join(folder, "objects"));
    await store.put(ROOT, BYTES);
    expect(await readdir(store.directory)).to.deep.equal([ROOT]);
    if (process.platform === "win32") this.skip(); // no such modes there
    expect((await stat(store.directory)).mode & 0o777).to.equal(0o700);
    expect((await stat(store.fileOf(ROOT))).mode & 0o777).to.equal(0o600);
  });

  it("in files notices that one was altered, cut or emptied", async () => {
    const store = new FileObjectStore(folder);
    for (const content of [Uint8Array.of(1, 2, 4), Uint8Array.of(1, 2), new Uint8Array(0)]) {
      await writeFile(store.fileOf(ROOT), content);
      const error = await rejection(store.get(ROOT));
      expect(error).to.be.instanceOf(StorageRootMismatchError);
      expect(error).to.have.property("message").that.includes(store.fileOf(ROOT));
    }
  });

  it("in files repairs one that was altered when it is given again", async () => {
    const store = new FileObjectStore(folder);
    await writeFile(store.fileOf(ROOT), Uint8Array.of(1, 2, 4));
    await store.put(ROOT, BYTES);
    expect(Array.from((await store.get(ROOT)) ?? [])).to.deep.equal([1, 2, 3]);
  });

  it("in files does not take trouble for absence", async () => {
    const file = path.join(folder, "a file");
    await writeFile(file, "");
    expect(await rejection(new FileObjectStore(file).get(ROOT))).to.have.property("code", "ENOTDIR");
  });
});

describe("writeFileAtomic", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "atomic-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("replaces a file as a whole", async () => {
    const file = path.join(folder, "deep", "file");
    await writeFileAtomic(file, "one", "shared");
    await writeFileAtomic(file, "two", "shared");
    expect(await readFile(file, "utf8")).to.equal("two");
    expect(await readdir(path.dirname(file))).to.deep.equal(["file"]);
  });

  it("leaves nothing behind when it fails", async () => {
    const taken = path.join(folder, "taken");
    await writeFileAtomic(path.join(taken, "child"), "", "shared");
    expect(await rejection(writeFileAtomic(taken, "content", "shared"))).to.have.property("code", "EISDIR");
    expect(await readdir(folder)).to.deep.equal(["taken"]);
  });
});

describe("isMissing", () => {
  it("is true only for what is not there", async () => {
    expect(isMissing(await rejection(readFile(path.join(tmpdir(), "no such file"))))).to.equal(true);
    expect(isMissing(await rejection(readFile(tmpdir())))).to.equal(false);
    expect(isMissing("ENOENT")).to.equal(false);
  });
});
