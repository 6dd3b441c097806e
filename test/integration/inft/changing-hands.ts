import { once } from "node:events";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { parseEther, toQuantity, Wallet } from "ethers";
import { network } from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { startRpcServer, type RpcServer } from "../../../lib/galileo/rpc-server.ts";
import { fromHex, type Hex } from "../../../lib/hex.ts";
import { decryptData, openKey } from "../../../lib/sealing/index.ts";
import { SealedKeyNotOpenedError, WrongDataKeyError } from "../../../lib/sealing/errors.ts";
import { startHardhat } from "../../support/cli.ts";
import { hardhatJson } from "../../support/in-process.ts";
import { person, type Person, type Shown } from "../../support/person.ts";
import { serveGalileoByTask, type ServedByTask } from "../../support/served-galileo.ts";
import { serveTask, type ServedTask } from "../../support/served-task.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const CHAIN_ID = 16602;

/** Commands as child processes, with an environment of their own. */
function atMachine(network: string, env: Readonly<Record<string, string>>): Person {
  return person(async (...words) => hardhatJson([...words, "--network", network], env), env["ZG_HOME"] ?? "");
}

describe("private data that changes hands, by commands", function () {
  this.timeout(300_000);

  const [seller, buyer] = [developmentAccount(0), developmentAccount(1)];
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
    me = atMachine("localhost", env);
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

  it("says on the network in the process that no token can be there", async () => {
    for (const args of [
      ["transfer", "1", "--to", buyer.address],
      ["users", "1"],
    ]) {
      const { remedy } = await atMachine("default", env).refused("ZG_NO_INFT", 3, "inft", ...args);
      expect(remedy).to.include("--network localhost");
    }
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
    // On a live network a block counts once another has followed it.
    await rpc.request({ method: "evm_setIntervalMining", params: [50] });
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
    seller = atMachine("galileo", { ...live, ZG_HOME: homeOf(0), GALILEO_PRIVATE_KEY: sellerKey.privateKey });
    const buyers = { ...live, ZG_HOME: homeOf(1), GALILEO_PRIVATE_KEY: buyerKey.privateKey };
    buyer = atMachine("galileo", { ...buyers, GALILEO_DECRYPTION_KEY: apartKey.privateKey });
    withoutKey = atMachine("galileo", buyers);
  });
  after(async () => {
    await Promise.all(attestors.map(async (attestor) => attestor.stop()));
    await server.close();
    await Promise.all([connection.close(), ...homes.map(async (home) => home.remove())]);
  });

  it("passes from one to the other with files, two attestors, and nothing else in common", async () => {
    const urls = attestors.map(({ ready }) => ready["url"]).join(",");
    await seller.refused("ZG_DEVELOPMENT_ATTESTOR", 5, "inft", "deploy", "--attestor", urls, "--yes");
    const { address: inft } = await seller.succeed<{ address: string }>(
      ...["inft", "deploy", "--attestor", urls, "--allow-development-attestor", "--yes"],
    );
    const token = await seller.mint("between two machines", "--no-storage");
    const transfer = ["inft", "transfer", token, "--to", buyerKey.address, "--attestor", urls, "--no-storage"];
    const missing = await seller.refused("ZG_ACCESS_PROOF_MISSING", 3, ...transfer, "--yes");
    expect(missing.remedy).to.include("inft accept");

    const proof = path.join(homeOf(1), "access-proof.json");
    await buyer.succeed("inft", "accept", token, "--inft", inft, "--out", proof, "--deadline", "1d");
    await seller.refused("ZG_CONFIRM", 2, ...transfer, "--access-proof", proof);
    const sent = await seller.succeed<{ attestors: string[] }>(...transfer, "--access-proof", proof, "--yes");
    expect(sent.attestors).to.have.length(2);

    // Attestors of this machine serve nobody else on a live network: the seller hands the encrypted bytes over.
    const objects = path.join(".0g", "galileo", "objects");
    await cp(path.join(homeOf(0), objects), path.join(homeOf(1), objects), { recursive: true });
    const decrypt = ["inft", "decrypt", token, "--inft", inft];
    await withoutKey.refused("ZG_SEALED_TO", 3, ...decrypt);
    expect(await buyer.reads(token, "--inft", inft)).to.equal("between two machines");
    await seller.refused("ZG_SEALED_TO", 3, ...decrypt);
  });
});
