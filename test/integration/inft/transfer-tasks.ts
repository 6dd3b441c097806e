import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { fromHex, type Hex } from "../../../lib/hex.ts";
import { decryptData, openKey } from "../../../lib/sealing/index.ts";
import { WrongDataKeyError } from "../../../lib/sealing/errors.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person, type Shown } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const CHAIN_ID = 16602;

describe("the commands of owners, buyers and users", function () {
  this.timeout(120_000);

  const [seller, buyer, friend] = [developmentAccount(0), developmentAccount(1), developmentAccount(2)];
  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;
  const file = (name: string) => path.join(home.path, name);
  const dataKeyOf = ({ sealedKeys }: Shown) => openKey(fromHex(sealedKeys[0] ?? "0x"), fromHex(seller.privateKey));
  const hashesOf = ({ datas }: Shown) => datas.map(({ dataHash }) => dataHash);
  async function opensNothing(oldKey: Uint8Array, token: Shown) {
    const [root = expect.fail("no data")] = hashesOf(token);
    const ciphertext = await readFile(file(path.join(".0g", "localhost", "objects", root)));
    const place = { chainId: CHAIN_ID, contract: token.inft, index: 0 };
    expect(() => decryptData(ciphertext, oldKey, place)).to.throw(WrongDataKeyError);
  }

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
    await me.succeed("inft", "deploy");
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  it("takes the buyer's side from a file that only the buyer can make, and that serves one transfer", async () => {
    const token = await me.mint("for the friend");
    const proof = file("access-proof.json");
    const accepted = await me.succeed("inft", "accept", token, "--as", "2", "--out", proof);
    expect(accepted).to.include({ to: friend.address, owner: seller.address, file: proof });
    expect((await stat(proof)).mode & 0o777).to.equal(0o600);

    const transfer = ["inft", "transfer", token, "--access-proof", proof, "--to"];
    const mismatch = await me.refused("ZG_ACCESS_PROOF_MISMATCH", 3, ...transfer, buyer.address);
    expect(mismatch.details).to.deep.equal({ field: "to", signed: friend.address, expected: buyer.address });
    expect(await me.succeed(...transfer, friend.address, "--dry-run")).to.include({ dryRun: true });
    await me.refused("ZG_MAX_SPEND", 3, ...transfer, friend.address, "--max-spend", "1neuron");
    expect((await me.show(token)).owner).to.equal(seller.address);

    expect(await me.succeed(...transfer, friend.address)).to.include({ transferred: true });
    expect(await me.reads(token, "--as", "2")).to.equal("for the friend");
    await writeFile(proof, JSON.stringify({ ...JSON.parse(await readFile(proof, "utf8")), to: buyer.address }));
    await me.refused("ZG_ACCESS_PROOF_MISMATCH", 3, ...transfer, buyer.address, "--as", "2");
  });

  it("clones, once for a proof; stages, and takes a staged transfer back", async () => {
    const token = await me.mint("twice");
    const proof = file("clone-proof.json");
    await me.succeed("inft", "accept", token, "--clone", "--as", "2", "--out", proof);
    const clone = ["inft", "clone", token, "--to", friend.address, "--access-proof", proof];
    const { newTokenId } = await me.succeed<{ newTokenId: string }>(...clone);
    expect(await me.succeed(...clone)).to.include({ cloned: false, newTokenId });
    expect(await me.reads(newTokenId, "--as", "2")).to.equal("twice");
    expect(await me.reads(token)).to.equal("twice");

    const stage = ["inft", "transfer", token, "--to", buyer.address, "--stage"];
    expect(await me.succeed(...stage))
      .to.include({ staged: true })
      .and.to.have.property("deadline");
    expect(await me.succeed(...stage))
      .to.have.property("transactions")
      .that.deep.equals([]);
    expect((await me.show(token)).owner).to.equal(seller.address);
    await me.succeed("inft", "transfer", token, "--unstage");
    await me.refused("ZG_NOTHING_STAGED", 3, "inft", "transfer", token, "--unstage");
  });

  it("rotates keys and replaces content", async () => {
    const token = await me.mint("before");
    const before = await me.show(token);
    const { newDataHashes } = await me.succeed<{ newDataHashes: Hex[] }>("inft", "update", token, "--rekey");
    const rekeyed = await me.show(token);
    expect(hashesOf(rekeyed)).to.deep.equal(newDataHashes);
    expect(await me.reads(token)).to.equal("before");
    await opensNothing(dataKeyOf(before), rekeyed);

    await writeFile(file("after.txt"), "after");
    await me.succeed("inft", "update", token, "--data", file("after.txt"));
    expect(await me.reads(token)).to.equal("after");
  });

  it("authorises users, lists them, and takes it back", async () => {
    interface Users {
      readonly users: readonly { user: string; expiry: string; permissions: number }[];
    }
    const token = await me.mint("for users");
    const [one, other] = [buyer.address, friend.address];
    const listed = async () => (await me.succeed<Users>("inft", "users", token)).users;
    await me.succeed("inft", "authorize", token, one, "--until", "30d", "--permissions", "3");
    const [found] = await listed();
    expect(found).to.include({ user: one, permissions: 3 });
    expect(Number(found?.expiry)).to.be.greaterThan(Date.now() / 1000);

    const again = await me.succeed("inft", "authorize", token, `${one},${other}`);
    expect(again).to.deep.include({ already: [], authorized: [one, other] });
    const repeated = await me.succeed("inft", "authorize", token, other);
    expect(repeated).to.deep.include({ already: [other], transactions: [] });
    await me.succeed("inft", "revoke", token, one);
    expect(await listed()).to.deep.equal([{ user: other, expiry: "0", permissions: 0 }]);
    await me.succeed("inft", "revoke", token, "--all");
    expect(await listed()).to.deep.equal([]);
  });

  it("lets a delegate accept for an account, for as long as it is one", async () => {
    const token = await me.mint("for the account");
    const accept = ["inft", "accept", token, "--as", "2", "--for", buyer.address, "--out", file("delegated.json")];
    const key = new Wallet(buyer.privateKey).signingKey.publicKey;
    await me.succeed("inft", "delegate", friend.address, "--as", "1");
    const accepted = await me.succeed(...accept, "--public-key", key);
    expect(accepted).to.include({ to: buyer.address, signedBy: friend.address });
    await me.refused("ZG_ACCESS_PROOF_KEY", 3, ...accept);
    await me.succeed("inft", "delegate", "--none", "--as", "1");
    await me.refused("ZG_ACCESS_PROOF_SIGNER", 5, ...accept, "--public-key", key);
  });

  it("says what is wrong, changes nothing, and names the cure", async () => {
    const token = await me.mint("as it is");
    const before = await me.show(token);
    const nobody = `0x${"42".repeat(20)}`;
    await writeFile(file("no-proof.json"), "{}");
    const wrong: readonly (readonly [code: string, exit: number, ...args: string[]])[] = [
      ["ZG_ACCESS_PROOF_MISSING", 3, "transfer", token, "--to", nobody],
      ["ZG_ACCESS_PROOF", 2, "transfer", token, "--to", nobody, "--access-proof", file("no-proof.json")],
      ["ZG_USAGE", 2, "transfer", token, "--to", nobody, "--access-proof", file("no-file.json")],
      ["ZG_USAGE", 2, "transfer", token],
      ["ZG_USAGE", 2, "transfer", token, "--unstage", "--to", nobody],
      ["ZG_NOT_OWNER", 3, "transfer", token, "--to", friend.address, "--as", "1"],
      ["ZG_ATTESTORS_MISSING", 3, "transfer", token, "--to", buyer.address, "--attestor", "http://127.0.0.1:9"],
      ["ZG_ATTESTOR_URL", 2, "transfer", token, "--to", buyer.address, "--attestor", "http://attestor.example"],
      ["ZG_NOT_OWNER", 3, "clone", token, "--to", friend.address, "--as", "1"],
      ["ZG_ACCESS_PROOF_MISSING", 3, "clone", token, "--to", nobody],
      ["ZG_USAGE", 2, "accept", token],
      ["ZG_USAGE", 2, "accept", token, "--out", file("never.json"), "--deadline", "soon"],
      ["ZG_USAGE", 2, "accept", token, "--out", file("never.json"), "--public-key", "mine"],
      ["ZG_PUBLIC_KEY", 2, "accept", token, "--out", file("never.json"), "--public-key", "0x42"],
      ["ZG_USAGE", 2, "accept", token, "--out", file("never.json"), "--as", nobody],
      ["ZG_NOT_WRITABLE", 2, "accept", token, "--out", home.path],
      ["ZG_TOKEN_MISSING", 3, "accept", "999999", "--out", file("never.json")],
      ["ZG_USAGE", 2, "update", token],
      ["ZG_USAGE", 2, "update", token, "--rekey", "--data", file("no-proof.json")],
      ["ZG_NOT_OWNER", 3, "update", token, "--rekey", "--as", "1"],
      ["ZG_AUTHORIZATION", 3, "authorize", token, seller.address],
      ["ZG_USAGE", 2, "authorize", token, "0x42"],
      ["ZG_USAGE", 2, "authorize", token, nobody, "--until", "yesterday"],
      ["ZG_USAGE", 2, "authorize", token, nobody, "--permissions", "16777216"],
      ["ZG_AUTHORIZATION", 3, "revoke", token, nobody],
      ["ZG_USAGE", 2, "revoke", token],
      ["ZG_USAGE", 2, "revoke", token, nobody, "--all"],
      ["ZG_TOKEN_MISSING", 3, "users", "999999"],
      ["ZG_INFT_MISSING", 3, "users", token, "--inft", nobody],
      ["ZG_INFT_MISSING", 3, "revoke", token, "--all", "--inft", nobody],
      ["ZG_INFT_MISSING", 3, "delegate", buyer.address, "--inft", nobody],
      ["ZG_INFT_MISSING", 3, "transfer", token, "--to", buyer.address, "--inft", nobody],
      ["ZG_USAGE", 2, "delegate"],
      ["ZG_USAGE", 2, "delegate", nobody, "--none"],
    ];
    for (const [code, exit, ...words] of wrong) {
      const { remedy } = await me.refused(code, exit, "inft", ...words);
      expect(remedy, words.join(" ")).to.not.equal("");
    }
    expect(await me.show(token)).to.deep.equal(before);
    expect(existsSync(file("never.json"))).to.equal(false);
  });
});
