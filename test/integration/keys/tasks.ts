import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { AuthenticationRefusedError } from "../../../lib/compute/errors.ts";
import { readService } from "../../../lib/compute/providers.ts";
import { SessionTokens } from "../../../lib/compute/session.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import type { Address } from "../../../lib/hex.ts";
import { exclusively } from "../../../lib/exclusively.ts";
import { createApiKey } from "../../../lib/keys/create.ts";
import { GenerationUnseenError } from "../../../lib/keys/errors.ts";
import { KeyRegistry } from "../../../lib/keys/registry.ts";
import { awaitGeneration } from "../../../lib/keys/revoke.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { KeystoreRefusedError, storeInKeystore } from "../../../tasks/support/keystore.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";

interface Created {
  readonly key: string;
  readonly tokenId: number;
  readonly label: string;
  readonly kept: string;
  readonly fingerprint: string;
}
interface Listed {
  readonly keys: readonly { readonly label: string; readonly tokenId: number; readonly state: string }[];
}
interface Inspected {
  readonly honoured: boolean | null;
  readonly label: string | null;
  readonly problems: readonly string[];
  readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
}

describe("API keys by command", function () {
  this.timeout(120_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;
  let provider: Address;
  let url: string;
  let chain: JsonRpcProvider;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    chain = new JsonRpcProvider(served.url, undefined, { cacheTimeout: -1 });
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
    ({ address: provider, url } = served.galileo.provider(0));
    await me.succeed("ledger", "deposit", "3");
    await me.succeed("ledger", "transfer", provider, "2");
  });
  after(async () => {
    chain.destroy();
    await Promise.all([served.close(), home.remove()]);
  });

  const create = async (...more: string[]) => me.succeed<Created>("inference key", "create", provider, ...more);
  const states = async () =>
    new Map((await me.succeed<Listed>("inference key", "list")).keys.map(({ label, state }) => [label, state]));
  /** What the provider says to a token: asks for the unsettled fee, which costs nothing. */
  async function answered(key: string): Promise<number> {
    const user = developmentAccount(0).address;
    const { status, body } = await fetch(`${url}/v1/user/${user}/unsettledfee`, {
      headers: { authorization: `Bearer ${key}` },
    });
    await body?.cancel();
    return status;
  }
  async function kept(key: string): Promise<string> {
    const file = path.join(home.path, "token.txt");
    await writeFile(file, key);
    return file;
  }

  it("makes one that the provider takes, in a file of the owner's alone, and shows it once", async () => {
    const made = await create("--label", "bot", "--expires", "1h");
    expect(made).to.include({ label: "bot", tokenId: 254 });
    expect(await answered(made.key)).to.equal(200);
    expect((await readFile(made.kept, "utf8")).trim()).to.equal(made.key);
    expect((await stat(made.kept)).mode & 0o777).to.equal(0o600);
    const { answer } = await runTask({ url: served.url, home: home.path }, "inference key", "list");
    expect(JSON.stringify(answer)).to.include(made.fingerprint).and.not.include(made.key);
    const folder = path.dirname(made.kept);
    for (const name of await readdir(folder)) {
      const text = await readFile(path.join(folder, name), "utf8");
      if (path.join(folder, name) !== made.kept) expect(text, name).not.to.include(made.key);
    }
  });

  it("never gives two the same id, however many are made at once", async () => {
    const folder = path.join(home.path, ".0g", "localhost", "keys");
    const deps = {
      ...{ read: read(), signer: signer(), registry: new KeyRegistry(path.join(folder, "issued.json")) },
      exclusively: exclusively(path.join(folder, "issued.lock")),
      keep: async () => Promise.resolve("nowhere"),
    };
    const made = await Promise.all(
      ["a", "b", "c", "d"].map(async (label) => createApiKey(deps, { provider, label, expiresAt: 0 })),
    );
    expect(made.map(({ record }) => record.tokenId)).to.have.members([253, 252, 251, 250]);
    expect(
      (await me.refused("ZG_KEY_ID_TAKEN", 3, "inference key", "create", provider, "--token-id", "254")).details,
    ).to.deep.equal({ provider, tokenId: 254, by: "by the key bot" });
    await me.refused("ZG_USAGE", 2, "inference key", "create", provider, "--label", "bot");
    await me.refused("ZG_USAGE", 2, "inference key", "create", provider, "--token-id", "255");
    await me.refused("ZG_USAGE", 2, "inference key", "create", provider, "--expires", "2001-01-01");
    await me.refused("ZG_NO_SUBACCOUNT", 3, "inference key", "create", served.galileo.provider(1).address);
  });

  it("says of a token what it is and whether the chain honours it, each check by name", async () => {
    const made = await create("--label", "shown", "--expires", "never");
    const good = await me.succeed<Inspected>("inference key", "inspect", await kept(made.key));
    expect(good).to.include({ honoured: true, label: "shown", kind: "api-key", expiresAt: 0 });
    expect(good.checks.map(({ name, ok }) => [name, ok])).to.deep.equal([
      ["account", true],
      ["acknowledged", true],
      ["generation", true],
      ["revoked", true],
    ]);
    const offline = await me.succeed<Inspected>("inference key", "inspect", await kept(made.key), "--offline");
    expect(offline).to.include({ honoured: null });
    const session = new SessionTokens({ ...read(), signer: signer() });
    const ephemeral = await me.succeed("inference key", "inspect", await kept(await session.header(provider)));
    expect(ephemeral).to.include({ kind: "ephemeral", honoured: true, label: null });
    const refusal = await me.refused("ZG_SESSION_TOKEN_FORMAT", 2, "inference key", "inspect", await kept("app-sk-x"));
    expect(JSON.stringify(refusal)).not.to.include("app-sk-x ");
  });

  it("sees a forged token for what it is", async () => {
    const made = await create("--label", "forged");
    const text = Buffer.from(made.key.slice("app-sk-".length), "base64").toString();
    const forged = `app-sk-${Buffer.from(text.replace('"tokenId":', '"tokenId":0,"x":')).toString("base64")}`;
    const seen = await me.succeed<Inspected>("inference key", "inspect", await kept(forged));
    expect(seen.honoured).to.equal(false);
    expect(seen.problems.join()).to.match(/signed by 0x/);
  });

  it("revokes by label and by id in one transaction, and only once", async () => {
    const [one, two] = [await create("--label", "one"), await create("--label", "two")];
    const revoke = ["inference key", "revoke", provider, `one,${two.tokenId}`] as const;
    expect(await me.succeed(...revoke, "--dry-run")).to.include({ dryRun: true });
    expect(await answered(one.key)).to.equal(200);
    const done = await me.succeed<{ transactions: object[] }>(...revoke);
    expect(done.transactions).to.have.length(1);
    expect(await Promise.all([answered(one.key), answered(two.key)])).to.deep.equal([400, 400]);
    expect(await me.succeed(...revoke)).to.include({ changed: false });
    const after = await states();
    expect([after.get("one"), after.get("two"), after.get("bot")]).to.deep.equal(["revoked", "revoked", "good"]);
    await me.refused("ZG_USAGE", 2, "inference key", "revoke", provider, "nobody");
    await me.refused("ZG_KEY_ID_TAKEN", 3, "inference key", "create", provider, "--token-id", String(two.tokenId));
  });

  it("revokes all, waits until the provider sees it, and begins with new ids", async () => {
    const before = await create("--label", "before");
    const done = await me.succeed<{ generation: string; waitedMs: number }>(
      ...["inference key", "revoke-all", provider, "--wait"],
    );
    expect(done).to.include({ generation: "1", waitedMs: 0 });
    expect(await answered(before.key)).to.equal(400);
    expect((await states()).get("before")).to.equal("revoked with all");
    expect(await create("--label", "bot")).to.include({ tokenId: 254 });
  });

  it("waits out a provider that looks at the chain every ten minutes, and says when it does not come round", async () => {
    const waits: number[] = [];
    const future = new Response('{"error":"invalid session token (future generation)"}', { status: 400 });
    const service = await readService(read(), provider);
    const deps = (refusals: number) => ({
      session: new SessionTokens({ ...read(), signer: signer() }),
      sleep: async (ms: number) => {
        waits.push(ms);
        return Promise.resolve();
      },
      fetch: async (input: string | URL | Request, init?: RequestInit) =>
        waits.length < refusals ? future.clone() : fetch(input, init),
    });
    expect(await awaitGeneration(deps(4), service)).to.equal(15_000);
    expect(waits).to.deep.equal([1_000, 2_000, 4_000, 8_000]);
    waits.length = 0;
    const error = await caught(GenerationUnseenError, async () => awaitGeneration(deps(1_000), service));
    expect(error.details).to.deep.equal({ provider, waitedMs: 660_000 });
    const revoked = async () =>
      Promise.resolve(new Response('{"error":"session token has been revoked"}', { status: 400 }));
    await caught(AuthenticationRefusedError, async () => awaitGeneration({ ...deps(0), fetch: revoked }, service));
  });

  it("hands a secret to Hardhat's keystore without a prompt for it", async () => {
    const { keystore } = hre.config;
    const original = keystore.filePath;
    const { error } = console;
    console.error = () => undefined; // the keystore's own words
    const password = { requestSecretInput: async () => Promise.resolve("correct horse battery") };
    keystore.filePath = path.join(home.path, "keystore.json");
    hre.hooks.registerHandlers("userInterruptions", password);
    try {
      await storeInKeystore(hre, "ZG_API_KEY", "app-sk-secret");
      const text = await readFile(keystore.filePath, "utf8");
      expect(text).to.include("ZG_API_KEY").and.not.include("app-sk-secret");
      await caught(KeystoreRefusedError, async () => storeInKeystore(hre, "ZG_API_KEY", "app-sk-other"));
    } finally {
      hre.hooks.unregisterHandlers("userInterruptions", password);
      keystore.filePath = original;
      console.error = error;
    }
  });

  function read() {
    return { network: networkNamed("localhost"), provider: chain };
  }
  function signer() {
    return new Wallet(developmentAccount(0).privateKey, chain);
  }
});
