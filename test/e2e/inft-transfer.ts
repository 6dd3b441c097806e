import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { parseEther, toQuantity, Wallet } from "ethers";
import { network } from "hardhat";

import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { startRpcServer, type RpcServer } from "../../lib/galileo/rpc-server.ts";
import { fromHex, type Hex } from "../../lib/hex.ts";
import { decryptData, openKey } from "../../lib/sealing/index.ts";
import { SealedKeyNotOpenedError, WrongDataKeyError } from "../../lib/sealing/errors.ts";
import { hardhatJson, startHardhat } from "../support/cli.ts";
import { serveGalileoByTask, type ServedByTask } from "../support/served-galileo.ts";
import { serveTask, type ServedTask } from "../support/served-task.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

const CHAIN_ID = 16602;

interface Shown {
  readonly inft: Hex;
  readonly owner: string;
  readonly datas: readonly { readonly dataHash: Hex }[];
  readonly sealedKeys: readonly Hex[];
}
interface Decrypted {
  readonly data: readonly { readonly files: readonly { readonly text?: string }[] }[];
}

/** A person at a machine: a home of their own, and commands on one network. */
function person(networkName: string, env: Readonly<Record<string, string>>) {
  const run = async (...args: string[]) => hardhatJson([...args, "--network", networkName], env);
  async function succeed<Data = Record<string, unknown>>(...args: string[]): Promise<Data> {
    const { answer, code, stderr } = await run(...args);
    if (answer.ok) return answer.data as Data;
    throw new Error(`${args.join(" ")}: exit ${String(code)}, ${JSON.stringify(answer.error)}\n${stderr}`);
  }
  async function refused(code: string, exit: number, ...args: string[]) {
    const { answer, code: ended } = await run(...args);
    expect(answer, args.join(" ")).to.have.nested.property("error.code", code);
    expect(ended, args.join(" ")).to.equal(exit);
    return (answer as unknown as { error: { remedy: string; details: Record<string, unknown> } }).error;
  }
  return {
    succeed,
    refused,
    show: async (token: string) => succeed<Shown>("inft", "show", token),
    /** The text of the one file a token holds. */
    reads: async (token: string, ...more: string[]) => {
      const { data } = await succeed<Decrypted>("inft", "decrypt", token, ...more);
      return data[0]?.files[0]?.text;
    },
    /** Mints a token with one file in it. */
    mint: async (text: string) => {
      const folder = path.join(env["ZG_HOME"] ?? "", `agent of ${text}`);
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, "notes.txt"), text);
      return (await succeed<{ tokenId: string }>("inft", "mint", "--data", folder, "--yes")).tokenId;
    },
  };
}
type Person = ReturnType<typeof person>;

describe("private data that changes hands, by commands", function () {
  this.timeout(300_000);

  const [seller, buyer, friend] = [developmentAccount(0), developmentAccount(1), developmentAccount(2)];
  let served: ServedByTask;
  let home: TemporaryFolder;
  let env: Record<string, string>;
  let me: Person;
  const file = (name: string) => path.join(home.path, name);
  const objectOf = async (hash: Hex = "0x") => readFile(file(path.join(".0g", "localhost", "objects", hash)));
  const dataKeyOf = ({ sealedKeys }: Shown) => openKey(fromHex(sealedKeys[0] ?? "0x"), fromHex(seller.privateKey));
  const hashesOf = ({ datas }: Shown) => datas.map(({ dataHash }) => dataHash);
  async function opensNothing(oldKey: Uint8Array, token: Shown) {
    const ciphertext = await objectOf(token.datas[0]?.dataHash);
    const place = { chainId: CHAIN_ID, contract: token.inft, index: 0 };
    expect(() => decryptData(ciphertext, oldKey, place)).to.throw(WrongDataKeyError);
  }

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    env = { ...served.env, ZG_HOME: home.path };
    me = person("localhost", env);
    await me.succeed("inft", "deploy");
  });
  after(async () => {
    await Promise.all([served.stop(), home.remove()]);
  });

  it("transfers a proven inference: the buyer reads the exact bytes, the seller no longer can", async () => {
    const { tokenId } = await me.succeed<{ tokenId: string }>(
      ...["flow", "run", "--id", "first", "--prompt", "What is 6*7?"],
    );
    const before = await me.show(tokenId);
    const sent = await me.succeed<{ newDataHashes: Hex[]; attestors: string[] }>(
      ...["inft", "transfer", tokenId, "--to", buyer.address],
    );
    expect(sent).to.include({ transferred: true });
    expect(sent.attestors).to.have.length(1);
    const after = await me.show(tokenId);
    expect(after.owner).to.equal(buyer.address);
    expect(hashesOf(after)).to.deep.equal(sent.newDataHashes);

    const receipt = JSON.parse(
      await readFile(file(path.join(".0g", "localhost", "receipts", "first.json")), "utf8"),
    ) as { request: string; response: string };
    await me.succeed("inft", "decrypt", tokenId, "--as", "1", "--out", file("bought"));
    for (const part of ["request", "response"] as const) {
      const bytes = await readFile(path.join(file("bought"), `${part}.json`));
      expect(bytes.equals(Buffer.from(receipt[part], "base64")), part).to.equal(true);
    }
    const found = await me.succeed<{ status: string; token: { owner: string } }>(
      ...["inft", "verify", tokenId, "--as", "1"],
    );
    expect(found.status).to.equal("proven");
    expect(found.token.owner).to.equal(buyer.address);

    await me.refused("ZG_SEALED_TO", 3, "inft", "decrypt", tokenId);
    await opensNothing(dataKeyOf(before), after);
    expect(() => dataKeyOf(after)).to.throw(SealedKeyNotOpenedError);

    const again = await me.succeed("inft", "transfer", tokenId, "--to", buyer.address);
    expect(again, "nothing twice").to.include({ transferred: false });
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

  it("finds a transfer that was sent by a command that died", async () => {
    const token = await me.mint("interrupted");
    const journal = file(path.join(".0g", "localhost", "transactions.jsonl"));
    const noted = (await readFile(journal, "utf8")).length;
    const child = startHardhat(["inft", "transfer", token, "--to", buyer.address, "--network", "localhost"], env);
    // Killed as soon as what it signed is written down.
    const watching = setInterval(() => {
      void readFile(journal, "utf8").then((text) => {
        if (text.length > noted) child.kill("SIGKILL");
      });
    }, 5);
    await once(child, "close");
    clearInterval(watching);
    await me.succeed("inft", "transfer", token, "--to", buyer.address);
    expect((await me.show(token)).owner).to.equal(buyer.address);
    expect(await me.reads(token, "--as", "1")).to.equal("interrupted");
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
      ["ZG_USAGE", 2, "accept", token],
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
      ["ZG_USAGE", 2, "delegate"],
      ["ZG_USAGE", 2, "delegate", nobody, "--none"],
    ];
    await inTurns(wrong, async ([code, exit, ...args]) => {
      const { remedy } = await me.refused(code, exit, "inft", ...args);
      expect(remedy, args.join(" ")).to.not.equal("");
    });
    expect(await me.show(token)).to.deep.equal(before);
  });

  it("says on the network in the process that no token can be there", async () => {
    const commands = [
      ["transfer", "1", "--to", buyer.address],
      ["clone", "1", "--to", buyer.address],
      ["accept", "1", "--out", file("never.json")],
      ["authorize", "1", buyer.address],
      ["revoke", "1", "--all"],
      ["users", "1"],
      ["update", "1", "--rekey"],
      ["delegate", "--none"],
    ];
    await inTurns(commands, async (args) => {
      const { remedy } = await person("default", env).refused("ZG_NO_INFT", 3, "inft", ...args);
      expect(remedy).to.include("--network localhost");
    });
  });
});

describe("private data between two people with keys and machines of their own", function () {
  this.timeout(180_000);

  let connection: Awaited<ReturnType<typeof network.create>>;
  let server: RpcServer;
  let homes: TemporaryFolder[];
  let attestors: ServedTask[];
  /** Keys that are nobody's: what a live network demands. This chain only goes by a live one's name. */
  const [sellerKey, buyerKey, apartKey] = [Wallet.createRandom(), Wallet.createRandom(), Wallet.createRandom()];
  let seller: Person;
  let buyer: Person;
  /** The buyer, without the key apart that its data are sealed to. */
  let withoutKey: Person;
  const homeOf = (index: number) => homes[index]?.path ?? "";

  before(async () => {
    connection = await network.create();
    const { provider: rpc } = connection;
    server = await startRpcServer({ rpc, port: 0, mayBroadcast: () => true });
    homes = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
    const live = { GALILEO_RPC_URL: server.url };
    for (const { address } of [sellerKey, buyerKey]) {
      await rpc.request({ method: "hardhat_setBalance", params: [address, toQuantity(parseEther("10"))] });
    }
    attestors = await Promise.all(
      [0, 1].map(async (index) =>
        serveTask(["inft", "attestor", "serve", "--port", "0", "--network", "galileo"], {
          ...live,
          ZG_HOME: path.join(homeOf(2), String(index)),
          ATTESTOR_PRIVATE_KEY: Wallet.createRandom().privateKey,
        }),
      ),
    );
    seller = person("galileo", { ...live, ZG_HOME: homeOf(0), GALILEO_PRIVATE_KEY: sellerKey.privateKey });
    const buyers = { ...live, ZG_HOME: homeOf(1), GALILEO_PRIVATE_KEY: buyerKey.privateKey };
    buyer = person("galileo", { ...buyers, GALILEO_DECRYPTION_KEY: apartKey.privateKey });
    withoutKey = person("galileo", buyers);
  });
  after(async () => {
    await Promise.all(attestors.map(async (attestor) => attestor.stop()));
    await server.close();
    await Promise.all([connection.close(), ...homes.map(async (home) => home.remove())]);
  });

  it("passes from one to the other with a file, two attestors, and nothing else in common", async () => {
    const urls = attestors.map(({ ready }) => ready["url"]).join(",");
    await seller.refused("ZG_DEVELOPMENT_ATTESTOR", 5, "inft", "deploy", "--attestor", urls, "--yes");
    const { address: inft } = await seller.succeed<{ address: string }>(
      ...["inft", "deploy", "--attestor", urls, "--allow-development-attestor", "--yes"],
    );
    const token = await seller.mint("between two machines");
    const transfer = ["inft", "transfer", token, "--to", buyerKey.address];
    const missing = await seller.refused("ZG_ACCESS_PROOF_MISSING", 3, ...transfer, "--yes");
    expect(missing.remedy).to.include("inft accept");

    const proof = path.join(homeOf(1), "access-proof.json");
    await buyer.succeed("inft", "accept", token, "--inft", inft, "--out", proof, "--deadline", "1d");
    await seller.refused("ZG_CONFIRM", 2, ...transfer, "--access-proof", proof);
    const sent = await seller.succeed<{ attestors: string[] }>(...transfer, "--access-proof", proof, "--yes");
    expect(sent.attestors).to.have.length(2);

    const decrypt = ["inft", "decrypt", token, "--inft", inft];
    await withoutKey.refused("ZG_SEALED_TO", 3, ...decrypt);
    expect(await buyer.reads(token, "--inft", inft)).to.equal("between two machines");
    await seller.refused("ZG_SEALED_TO", 3, ...decrypt);
  });
});

/** As many commands at a time as a small machine has cores. */
async function inTurns<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await each(item);
  };
  await Promise.all([work(), work()]);
}
