import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import type * as Sdk from "@0gfoundation/0g-ts-sdk";
import { expect } from "chai";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { fromHex, type Hex } from "../../../lib/hex.ts";
import { encryptStorageFile } from "../../../lib/sealing/storage-file.ts";
import { encodeDirectory } from "../../../lib/storage/directory.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Uploaded {
  readonly root: Hex;
  readonly state: string;
  readonly fee: string;
  readonly transaction?: { readonly hash: Hex };
}

describe("files on 0G Storage, by command", function () {
  this.timeout(120_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;
  let sdk: typeof Sdk;

  before(async () => {
    [served, home, sdk] = await Promise.all([
      serveGalileo(hre, { port: 0 }),
      temporaryFolder(),
      import("@0gfoundation/0g-ts-sdk"),
    ]);
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  const at = (...names: string[]) => path.join(home.path, ...names);
  async function file(name: string, bytes: Uint8Array = randomBytes(3000)): Promise<string> {
    await mkdir(path.dirname(at(name)), { recursive: true });
    await writeFile(at(name), bytes);
    return at(name);
  }
  const upload = async (name: string, ...more: string[]) => me.succeed<Uploaded>("storage", "upload", name, ...more);
  const download = async (root: Hex, out: string, ...more: string[]) =>
    me.succeed<{ size: number; content?: string }>("storage", "download", root, "--out", at(out), ...more);
  const same = async (one: string, other: string) =>
    expect((await readFile(one)).equals(await readFile(at(other))), `${one} and ${other}`).to.equal(true);
  async function keyFile(name: string): Promise<string> {
    return file(name, Buffer.from(randomBytes(32).toString("hex")));
  }

  it("are stored, shown and fetched again, byte for byte, for the owner alone", async () => {
    const name = await file("photo.jpg", randomBytes(300_000));
    const { root, state, fee, transaction } = await upload(name);
    expect(state).to.be.oneOf(["uploaded", "finalised"]);
    expect(BigInt(fee) > 0n).to.equal(true);
    expect(transaction?.hash).to.match(/^0x/);
    expect(await me.succeed("storage", "show", root)).to.include({ state: "finalised" });
    expect(await download(root, "again.jpg")).to.include({ size: 300_000 });
    await same(name, "again.jpg");
    expect((await stat(at("again.jpg"))).mode & 0o777).to.equal(0o600);
  });

  it("cost what the estimate says, and nothing the second time", async () => {
    const name = await file("twice.bin");
    const estimate = await me.succeed<{ root: Hex; fee: string; gas: string }>("storage", "estimate", name);
    const first = await me.succeed<Uploaded & { transaction: { fee: string } }>("storage", "upload", name);
    expect(first).to.include({ root: estimate.root, fee: estimate.fee });
    expect(BigInt(first.transaction.fee) <= BigInt(estimate.gas)).to.equal(true);
    const again = await upload(name);
    expect(again).to.include({ root: first.root, fee: "0" });
    expect(again).to.not.have.property("transaction");
    expect(await me.succeed("storage", "estimate", name)).to.include({ stored: true, fee: "0" });
  });

  it("are not stored in a dry run, nor beyond a cap", async () => {
    const name = await file("dry.bin");
    const { root } = await me.succeed<Uploaded>("storage", "upload", name, "--dry-run");
    await me.refused("ZG_MAX_SPEND", 3, "storage", "upload", name, "--max-spend", "1neuron");
    await me.refused("ZG_STORAGE_NOT_FOUND", 3, "storage", "show", root);
    await me.refused("ZG_STORAGE_NOT_FOUND", 3, "storage", "download", root, "--out", at("dry.out"));
    expect(await readdir(home.path)).to.not.include("dry.out");
  });

  it("replace nothing unless told to", async () => {
    const { root } = await upload(await file("new.bin"));
    const old = await file("old.bin");
    await me.refused("ZG_OUTPUT_EXISTS", 3, "storage", "download", root, "--out", old);
    await download(root, "old.bin", "--force");
    await same(at("new.bin"), "old.bin");
  });

  it("wait to be final when that is wanted", async () => {
    const { state } = await upload(await file("final.bin"), "--wait-final");
    expect(state).to.equal("finalised");
  });

  it("are refused when they are empty, missing, or no root", async () => {
    await me.refused("ZG_USAGE", 2, "storage", "upload", await file("empty", new Uint8Array(0)));
    await me.refused("ZG_STORAGE_SOURCE", 2, "storage", "upload", at("nowhere"));
    await me.refused("ZG_USAGE", 2, "storage", "upload", "");
    await me.refused("ZG_USAGE", 2, "storage", "download");
    await me.refused("ZG_USAGE", 2, "storage", "show", "0x12");
  });

  it("are asked for at the indexers that are named, in order", async () => {
    const { root } = await upload(await file("named.bin"));
    const other = served.attestor.url; // answers, and is no indexer
    await me.succeed("storage", "show", root, "--indexer", `${other},${served.storage.indexer}`);
    await me.refused("ZG_STORAGE_INDEXER", 4, "storage", "show", root, "--indexer", other);
  });

  describe("encrypted", () => {
    const account = developmentAccount(0);

    it("with a shared key, open here and with the SDK, which gets exactly the user's bytes", async () => {
      const [name, key] = [await file("secret.txt"), await keyFile("key")];
      const { root } = await upload(name, "--encrypt", "aes256", "--key-file", key);
      const opened = await download(root, "secret.out", "--decrypt", "aes256", "--key-file", key);
      expect(opened).to.include({ content: "authenticated", size: 3000 });
      await same(name, "secret.out");
      const symmetricKey = Buffer.from((await readFile(key)).toString(), "hex");
      await sameInSdk(root, { symmetricKey }, name);
    });

    it("to the account's key, open here and with the SDK", async () => {
      const name = await file("mine.txt");
      const { root } = await upload(name, "--encrypt", "ecies");
      expect(await download(root, "mine.out", "--decrypt", "ecies")).to.include({ content: "authenticated" });
      await same(name, "mine.out");
      await sameInSdk(root, { privateKey: account.privateKey }, name);
      await me.refused(
        "ZG_STORAGE_FILE_KEY",
        5,
        "storage",
        "download",
        root,
        "--decrypt",
        "ecies",
        "--as",
        "1",
        "--out",
        at("x"),
      );
      expect(await readdir(home.path)).to.not.include("x");
    });

    it("to somebody else's key, open for that one", async () => {
      const name = await file("yours.txt");
      const { SigningKey } = await import("ethers");
      const publicKey = new SigningKey(developmentAccount(1).privateKey).compressedPublicKey;
      const { root } = await upload(name, "--encrypt", "ecies", "--public-key", publicKey);
      await download(root, "yours.out", "--decrypt", "ecies", "--as", "1");
      await same(name, "yours.out");
    });

    it("by the SDK, open here, and the answer says that nothing vouches for their content", async () => {
      const [plaintext, key] = [randomBytes(5000), randomBytes(32)];
      const encrypted = sdk.newSymmetricEncryptedFile(new sdk.MemData(plaintext), key);
      const { buffer } = await encrypted.readFromFile(0, encrypted.size());
      const { root } = await upload(await file("theirs.bin", new Uint8Array(buffer)));
      const keys = await file("theirs.key", key);
      const opened = await download(root, "theirs.out", "--decrypt", "aes256", "--key-file", keys);
      expect(opened).to.include({ content: "not authenticated", size: 5000 });
      expect((await readFile(at("theirs.out"))).equals(plaintext)).to.equal(true);
    });

    it("do not open with another key, and leave nothing behind", async () => {
      const { root } = await upload(await file("locked.txt"), "--encrypt", "aes256", "--key-file", await keyFile("k1"));
      const wrong = ["--decrypt", "aes256", "--key-file", await keyFile("k2"), "--out", at("locked.out")];
      const error = await me.refused("ZG_STORAGE_FILE_KEY", 5, "storage", "download", root, ...wrong);
      expect(JSON.stringify(error)).to.not.include((await readFile(at("k2"))).toString());
      await me.refused(
        "ZG_STORAGE_FILE_KEY_MISSING",
        3,
        "storage",
        "download",
        root,
        "--decrypt",
        "ecies",
        "--out",
        at("locked.out"),
      );
      expect((await readdir(home.path)).filter((each) => each.startsWith("locked.out"))).to.deep.equal([]);
    });

    it("come as they are stored without --decrypt, and other files are no encrypted ones", async () => {
      const { root } = await upload(await file("raw.txt"), "--encrypt", "aes256", "--key-file", await keyFile("k3"));
      expect(await download(root, "raw.out")).to.include({ size: 3017, mayBe: "aes256" });
      const plain = await upload(await file("plain.txt", Buffer.from("hello")));
      await me.refused("ZG_STORAGE_FILE", 3, "storage", "download", plain.root, "--decrypt", "ecies", "--out", at("y"));
    });

    it("in fragments, come back whole: as the SDK stores them, and as the Go client does", async () => {
      const [plaintext, key] = [randomBytes(4000), randomBytes(32)];
      const keys = await file("fragments.key", key);
      const recipient = { format: "aes256", key } as const;
      const whole = await encryptStorageFile(plaintext, recipient, randomBytes);
      const apart = [plaintext.subarray(0, 2048), plaintext.subarray(2048)];
      const kinds: [string, Uint8Array[]][] = [
        ["one", [whole.subarray(0, 2048), whole.subarray(2048)]],
        ["apart", await Promise.all(apart.map(async (part) => encryptStorageFile(part, recipient, randomBytes)))],
      ];
      for (const [kind, parts] of kinds) {
        const roots: Hex[] = [];
        for (const [index, part] of parts.entries())
          roots.push((await upload(await file(`${kind}${index}`, part))).root);
        const words = [
          ...roots,
          "--decrypt",
          "aes256",
          "--key-file",
          keys,
          "--out",
          at(`${kind}.out`),
          "--fragments",
          kind,
        ];
        expect(await me.succeed("storage", "download", ...words)).to.include({
          content: "authenticated",
          fragments: kind,
        });
        expect((await readFile(at(`${kind}.out`))).equals(plaintext), kind).to.equal(true);
      }
    });

    it("take the key that fits the format, and say which", async () => {
      const name = await file("usage.txt");
      for (const words of [
        ["--encrypt", "rot13"],
        ["--encrypt", "aes256"],
        ["--key-file", name],
        ["--encrypt", "aes256", "--public-key", "0x12"],
        ["--encrypt", "ecies", "--public-key", "0x12"],
        ["--encrypt", "aes256", "--key-file", at("nowhere")],
      ]) {
        await me.refused("ZG_USAGE", 2, "storage", "upload", name, ...words);
      }
      const short = await file("short.key", Buffer.from("abcd"));
      await me.refused(
        "ZG_STORAGE_FILE_KEY_LENGTH",
        2,
        "storage",
        "upload",
        name,
        "--encrypt",
        "aes256",
        "--key-file",
        short,
      );
    });

    /** Whether the SDK's own download gives exactly the user's bytes. */
    async function sameInSdk(root: Hex, decryption: object, name: string): Promise<void> {
      const indexer = new sdk.Indexer(served.storage.indexer);
      const quiet = console.log;
      console.log = () => undefined;
      try {
        const [blob, error] = await indexer.downloadToBlob(root, { decryption });
        expect(error).to.equal(null);
        expect(Buffer.from(await blob.arrayBuffer()).equals(await readFile(name))).to.equal(true);
      } finally {
        console.log = quiet;
      }
    }
  });

  describe("in folders", () => {
    async function site(name: string): Promise<string> {
      await file(`${name}/index.html`, Buffer.from("<h1>hello</h1>"));
      await file(`${name}/img/logo.png`, randomBytes(5000));
      await file(`${name}/img/copy.png`, await readFile(at(`${name}/img/logo.png`)));
      await file(`${name}/empty.txt`, new Uint8Array(0));
      await file(`${name}/.env`, Buffer.from("SECRET=1"));
      await mkdir(at(name, "hollow"));
      await symlink("/etc/hostname", at(name, "link"));
      return at(name);
    }
    const tree = async (folder: string) =>
      (await readdir(folder, { recursive: true })).map((each) => each.replaceAll(path.sep, "/")).sort();

    it("come back as they were, without links and hidden names", async () => {
      const folder = await site("site");
      const up = await me.succeed<{ root: Hex; stored: object[]; leftOut: string[] }>("storage", "upload-dir", folder);
      expect(up.leftOut).to.deep.equal([".env", "link"]);
      expect(up.stored).to.have.length(3);
      await me.succeed("storage", "download-dir", up.root, "--out", at("site.out"));
      expect(await tree(at("site.out"))).to.deep.equal([
        "empty.txt",
        "hollow",
        "img",
        "img/copy.png",
        "img/logo.png",
        "index.html",
      ]);
      await same(at("site/img/logo.png"), "site.out/img/copy.png");
      await me.refused("ZG_OUTPUT_EXISTS", 3, "storage", "download-dir", up.root, "--out", at("site.out"));
      await me.succeed("storage", "download-dir", up.root, "--out", at("site.out"), "--force");
      expect((await readdir(home.path)).filter((each) => each.endsWith(".part"))).to.deep.equal([]);
    });

    it("keep their names to themselves when they are encrypted", async () => {
      const [folder, key] = [await site("private"), await keyFile("folder.key")];
      const secret = ["--encrypt", "aes256", "--key-file", key];
      const { root } = await me.succeed<{ root: Hex }>("storage", "upload-dir", folder, ...secret);
      await download(root, "list.bin");
      expect((await readFile(at("list.bin"))).includes("index.html")).to.equal(false);
      await me.refused("ZG_STORAGE_DIRECTORY", 3, "storage", "download-dir", root, "--out", at("private.out"));
      const opened = ["--decrypt", "aes256", "--key-file", key, "--out", at("private.out")];
      expect(await me.succeed("storage", "download-dir", root, ...opened)).to.include({ content: "authenticated" });
      await same(at("private/index.html"), "private.out/index.html");
    });

    it("say what they cost, and pay for what is in them twice once", async () => {
      const folder = await site("priced");
      const dry = await me.succeed<{ plan: { rows: { what: string }[] } }>(
        "storage",
        "upload-dir",
        folder,
        "--dry-run",
      );
      const paid = dry.plan.rows.map(({ what }) => what).filter((what) => !what.startsWith("gas"));
      expect(paid).to.have.length(2 + 1 - 1); // index.html was paid for with the first folder
    });

    it("lead nowhere else, whatever the list says", async () => {
      const { root: inner } = await upload(await file("inner.txt"));
      const list = encodeDirectory({ files: [{ name: "up_passwd", size: 3000, roots: [inner] }], emptyFolders: [] });
      const evil = Buffer.from(Buffer.from(list).toString("latin1").replace("up_passwd", "../passwd"), "latin1");
      const { root } = await upload(await file("evil.list", evil));
      await me.refused("ZG_STORAGE_DIRECTORY", 3, "storage", "download-dir", root, "--out", at("evil.out"));
      const lying = encodeDirectory({ files: [{ name: "a", size: 2999, roots: [inner] }], emptyFolders: [] });
      const { root: wrong } = await upload(await file("lying.list", lying));
      await me.refused("ZG_STORAGE_SIZE", 5, "storage", "download-dir", wrong, "--out", at("lying.out"));
      expect((await readdir(home.path)).filter((each) => /^(evil|lying)\.out/.test(each))).to.deep.equal([]);
    });

    it("are no files, and files are no folders", async () => {
      await me.refused("ZG_USAGE", 2, "storage", "upload-dir", await file("single"));
      await me.refused("ZG_USAGE", 2, "storage", "upload-dir", at("nowhere"));
      const { root } = await upload(at("single"));
      await me.refused("ZG_STORAGE_DIRECTORY", 3, "storage", "download-dir", root, "--out", at("single.out"));
    });
  });

  it("are no key-value store: that is refused by name", async () => {
    const { message } = await me.refused("ZG_STORAGE_KV", 2, "storage", "kv", "put", "a", "b");
    expect(message).to.include("no proof");
  });

  it("leave no secret in what is answered", async () => {
    const name = await file("quiet.txt");
    const key = await keyFile("quiet.key");
    const answer = await upload(name, "--encrypt", "aes256", "--key-file", key);
    expect(JSON.stringify(answer)).to.not.include((await readFile(key)).toString());
    expect(fromHex(answer.root)).to.have.length(32);
  });
});
