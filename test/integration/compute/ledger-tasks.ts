import { expect } from "chai";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Deposited {
  readonly plan: { readonly wallet: string; readonly refundable: string };
  readonly user: string;
  readonly opened?: boolean;
  readonly ledger?: { readonly available: string };
}

describe("commands for somebody else's ledger, and for a provider's models", () => {
  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  const friend = developmentAccount(2).address;

  it("says before it deposits for another that nothing of it comes back", async () => {
    const dry = await me.succeed<Deposited>("ledger", "deposit", "0.5", "--for", friend, "--dry-run");
    expect(dry).to.deep.include({ user: friend });
    expect(BigInt(dry.plan.refundable)).to.equal(0n);
    expect(BigInt(dry.plan.wallet) > 5n * 10n ** 17n).to.equal(true);
    const own = await me.succeed<Deposited>("ledger", "deposit", "0.5", "--dry-run");
    expect(BigInt(own.plan.refundable)).to.equal(5n * 10n ** 17n);
  });

  it("deposits exactly that, and opens the ledger of another, never the payer's", async () => {
    const done = await me.succeed<Deposited>("ledger", "deposit", "0.5", "--for", friend);
    expect(done).to.deep.include({ user: friend, opened: true });
    expect(done.ledger?.available).to.equal("500000000000000000");
    expect(await me.succeed("ledger", "show")).to.deep.include({ ledger: null });
  });

  it("refuses an address that is none, and less than opens a ledger", async () => {
    await me.refused("ZG_USAGE", 2, "ledger", "deposit", "0.5", "--for", "0x12");
    const other = developmentAccount(3).address;
    await me.refused("ZG_MIN_DEPOSIT", 3, "ledger", "deposit", "0.01", "--for", other);
  });

  it("asks a provider for its models only when told to", async () => {
    const { address, url } = served.galileo.provider(0);
    const asked = await me.succeed<{ models?: string[] }>("provider", "show", address, "--models");
    expect(asked.models).to.deep.equal([served.providers.find((each) => each.url === url)?.model]);
    expect(await me.succeed("provider", "show", address)).not.to.have.property("models");
  });
});
