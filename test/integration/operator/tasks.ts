import { writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { deposit, readSubAccount, transfer } from "../../../lib/compute/ledger.ts";
import { readService } from "../../../lib/compute/providers.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { checksum, type Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { readStake } from "../../../lib/operator/service.ts";
import { SETTLEMENT_TYPES, settlementDomain } from "../../../lib/protocol/settlement.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const network = networkNamed("localhost");
const PROVIDER = developmentAccount(18).address;
const AS_PROVIDER = ["--as", "18"] as const;
const AS_OWNER = ["--as", "9"] as const;
/** The signer of a provider's TEE, which here is one more development key. */
const tee = new Wallet(developmentAccount(17).privateKey);

describe("the commands of whoever runs a provider", function () {
  this.timeout(120_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;
  let chain: JsonRpcProvider;
  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    chain = new JsonRpcProvider(served.url, undefined, { cacheTimeout: -1 });
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
  });
  after(async () => {
    chain.destroy();
    await Promise.all([served.close(), home.remove()]);
  });

  const read = () => ({ network, provider: chain });
  const service = async () => readService(read(), PROVIDER);
  const balance = async () => chain.getBalance(PROVIDER);

  const OFFER = [
    ...["--type", "chatbot", "--url", "http://127.0.0.1:9", "--model", "maker/model-1"],
    ...["--verifiability", "TeeML", "--signer", tee.address],
    ...["--input-price", "0.15/M", "--output-price", "300000neuron"],
  ];

  it("registers a service for the stake the contract asks, which the plan shows, once", async () => {
    const stake = await readStake(read());
    const dry = await me.succeed<{ plan: { total: string } }>(
      "provider",
      "register",
      ...OFFER,
      ...AS_PROVIDER,
      "--dry-run",
    );
    expect(dry).to.include({ dryRun: true, stake: String(stake) });
    expect(BigInt(dry.plan.total) > stake).to.equal(true);
    await me.refused("ZG_MAX_SPEND", 3, "provider", "register", ...OFFER, ...AS_PROVIDER, "--max-spend", "1");
    await me.refused("ZG_PROVIDER_UNKNOWN", 2, "provider", "show", PROVIDER);

    expect(await me.succeed("provider", "register", ...OFFER, ...AS_PROVIDER)).to.include({ registered: true });
    expect(await service()).to.deep.include({
      model: "maker/model-1",
      inputPrice: 150_000_000_000n,
      outputPrice: 300_000n,
      teeSignerAddress: tee.address,
      endorsed: false,
    });
    const again = await me.refused("ZG_SERVICE_REGISTERED", 3, "provider", "register", ...OFFER, ...AS_PROVIDER);
    expect(again.details).to.deep.equal({ provider: PROVIDER, model: "maker/model-1" });
  });

  it("endorses a signer as the contract's owner only, and once", async () => {
    const refusal = await me.refused("ZG_NOT_CONTRACT_OWNER", 3, "provider", "endorse", PROVIDER, ...AS_PROVIDER);
    expect(refusal.details).to.deep.equal({ account: PROVIDER, owner: served.galileo.owner });
    expect(await me.succeed("provider", "endorse", PROVIDER, ...AS_OWNER)).to.include({ changed: true });
    expect((await service()).endorsed).to.equal(true);
    expect(await me.succeed("provider", "endorse", PROVIDER, ...AS_OWNER)).to.include({ changed: false });
  });

  it("changes a price and keeps the endorsement, changes the model and says that it is lost", async () => {
    const cheaper = ["provider", "update", "--output-price", "2gwei", ...AS_PROVIDER] as const;
    expect(await me.succeed(...cheaper)).to.deep.include({ changed: ["outputPrice"], losesEndorsement: false });
    expect(await service()).to.deep.include({ outputPrice: 2_000_000_000n, endorsed: true });
    expect(await me.succeed(...cheaper)).to.deep.include({ updated: false, changed: [] });

    const other = ["provider", "update", "--model", "maker/model-2", ...AS_PROVIDER] as const;
    expect(await me.succeed(...other)).to.deep.include({ changed: ["model"], losesEndorsement: true });
    expect(await service()).to.deep.include({ model: "maker/model-2", endorsed: false });
    await me.succeed("provider", "endorse", PROVIDER, ...AS_OWNER);
  });

  it("pays no more for gas than it was told to, and asks again when nobody would take that", async () => {
    const priced = ["provider", "update", "--output-price", "3gwei", ...AS_PROVIDER, "--gas-price"] as const;
    expect((await me.refused("ZG_GAS_PRICE", 3, ...priced, "1gwei")).details).to.include({ gasPrice: "1000000000" });
    await me.refused("ZG_USAGE", 2, ...priced, "4");
    const { plan } = await me.succeed<{ plan: { rows: { amount: string; note: string }[] } }>(
      ...priced,
      "5gwei",
      "--dry-run",
    );
    const [row] = plan.rows;
    const gas = BigInt(/up to (\d+) gas/.exec(row?.note ?? "")?.[1] ?? 0);
    expect(BigInt(row?.amount ?? 0)).to.equal(gas * 5_000_000_000n);
  });

  it("refuses offers that nobody could use, before anything is sent", async () => {
    const update = async (...words: string[]) =>
      me.refused("ZG_SERVICE_OFFER", 2, "provider", "update", ...words, ...AS_PROVIDER);
    const info = path.join(home.path, "info.json");
    await writeFile(info, JSON.stringify({ padding: "x".repeat(4096) }));
    expect((await update("--info", info)).details).to.include({ field: "additional info" });
    expect((await update("--url", "ftp://127.0.0.1")).details).to.include({ field: "URL" });
    expect((await update("--url", "http://me:secret@127.0.0.1")).details).to.include({ field: "URL" });
    expect((await update("--signer", `0x${"0".repeat(40)}`)).details).to.include({ field: "signer" });
    await me.refused("ZG_USAGE", 2, "provider", "update", ...AS_PROVIDER);
    await me.refused("ZG_USAGE", 2, "provider", "update", "--input-price", "0.0000000000001/M", ...AS_PROVIDER);
  });

  describe("settling", () => {
    let customers: Address[];
    before(async () => {
      customers = [];
      for (const locked of [2n, 2n, 1n]) {
        const { signer, address } = await served.galileo.fundedUser();
        const ctx = { ...read(), signer: signer.connect(chain) };
        await deposit(ctx, locked * NEURON_PER_0G);
        await transfer(ctx, { provider: PROVIDER, amount: locked * NEURON_PER_0G });
        customers.push(address);
      }
    });

    async function item(user: Address, fee: bigint, { nonce = 1n, by = tee } = {}) {
      const message = { requestsHash: `0x${"11".repeat(32)}`, nonce, provider: PROVIDER, user, totalFee: fee };
      const domain = settlementDomain(network.chainId, network.contracts.inferenceServing);
      const signature = await by.signTypedData(domain, SETTLEMENT_TYPES, message);
      return { ...message, nonce: String(nonce), totalFee: String(fee), signature };
    }
    async function fileOf(items: unknown): Promise<string> {
      const file = path.join(home.path, "settlements.json");
      await writeFile(file, JSON.stringify(items));
      return file;
    }
    const held = async (user: Address) => (await readSubAccount(read(), user, PROVIDER))?.balance;

    it("collects what the contract will pay in full, and leaves out by name what it will not", async () => {
      const [paying, forged, poor] = customers as [Address, Address, Address];
      const half = NEURON_PER_0G / 2n;
      const stranger = new Wallet(developmentAccount(16).privateKey);
      const file = await fileOf([
        await item(paying, half),
        await item(forged, half, { by: stranger }),
        await item(poor, 2n * NEURON_PER_0G),
      ]);
      expect(await me.succeed("provider", "settle", file, ...AS_PROVIDER, "--dry-run")).to.include({ dryRun: true });
      expect(await held(paying)).to.equal(2n * NEURON_PER_0G);

      const before = await balance();
      const done = await me.succeed<{ outcomes: object[]; transactions: { fee: string }[] }>(
        ...["provider", "settle", file, ...AS_PROVIDER],
      );
      expect(done.outcomes).to.deep.equal([
        { user: paying, fee: String(half), status: "success", unsettled: "0", sent: true },
        { user: forged, fee: String(half), status: "invalid-signature", unsettled: String(half), sent: false },
        {
          user: poor,
          fee: String(2n * NEURON_PER_0G),
          status: "partial",
          unsettled: String(NEURON_PER_0G),
          sent: false,
        },
      ]);
      expect(await balance()).to.equal(before + half - BigInt(done.transactions[0]?.fee ?? 0));
      expect(await held(paying)).to.equal(2n * NEURON_PER_0G - half);
      expect(await held(poor)).to.equal(NEURON_PER_0G);
    });

    it("takes a part only when told to, and settles nothing twice", async () => {
      const [paying, , poor] = customers as [Address, Address, Address];
      const file = await fileOf([await item(paying, 1n), await item(poor, 2n * NEURON_PER_0G, { nonce: 2n })]);
      const done = await me.succeed<{ outcomes: { status: string }[] }>(
        ...["provider", "settle", file, "--allow-partial", ...AS_PROVIDER],
      );
      expect(done.outcomes.map(({ status }) => status)).to.deep.equal(["invalid-nonce", "partial"]);
      expect(await held(poor)).to.equal(0n);
      expect(await me.succeed("provider", "settle", file, "--allow-partial", ...AS_PROVIDER)).not.to.have.property(
        "transactions",
      );
    });

    it("refuses a file that is none, naming the field", async () => {
      const [user] = customers as [Address];
      const good = await item(user, 1n, { nonce: 9n });
      const refused = async (items: unknown) =>
        (await me.refused("ZG_SETTLEMENT_FILE", 2, "provider", "settle", await fileOf(items), ...AS_PROVIDER)).message;
      expect(await refused([])).to.include("no settlement in it");
      expect(await refused([good, good])).to.include("one user twice");
      expect(await refused([{ ...good, totalFee: 1 }])).to.include("totalFee");
      expect(await refused([{ ...good, signature: "0x12" }])).to.include("65 bytes");
      await me.refused(
        "ZG_SETTLEMENT_FILE",
        2,
        "provider",
        "settle",
        path.join(home.path, "none.json"),
        ...AS_PROVIDER,
      );
    });
  });

  describe("leaving", () => {
    it("removes the service and says how much stake came back", async () => {
      const stake = await readStake(read());
      const before = await balance();
      const done = await me.succeed<{ stake: string; transactions: { fee: string }[] }>(
        "provider",
        "remove",
        ...AS_PROVIDER,
      );
      expect(done.stake).to.equal(String(stake));
      expect(await balance()).to.equal(before + stake - BigInt(done.transactions[0]?.fee ?? 0));
      await me.refused("ZG_PROVIDER_UNKNOWN", 2, "provider", "remove", ...AS_PROVIDER);
    });

    it("takes an endorsement back", async () => {
      const provider = checksum(served.galileo.provider(1).address);
      expect(await me.succeed("provider", "unendorse", provider, ...AS_OWNER)).to.include({ changed: true });
      expect((await readService(read(), provider)).endorsed).to.equal(false);
    });
  });
});
