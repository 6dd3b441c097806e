import { mkdir, readdir, stat } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { hardhatJson } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("files that commands keep", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let umask: number;

  before(async () => {
    umask = process.umask(0); // what is private must not be so by the grace of the user's setting
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
  });
  after(async () => {
    process.umask(umask);
    await served.close();
    await home.remove();
  });

  const run = async (...words: string[]) => {
    const env = { LOCALHOST_RPC_URL: served.url, ZG_HOME: home.path };
    const { answer } = await hardhatJson([...words, "--network", "localhost"], env);
    if (!answer.ok) throw new Error(`${words.join(" ")}: ${answer.error.message}`);
  };

  it("are their owner's alone, whatever the umask is and whatever mode their folder had", async () => {
    // As somebody made it by hand.
    await mkdir(path.join(home.path, ".0g", "localhost", "keys"), { recursive: true, mode: 0o777 });
    const { address } = served.galileo.provider(0);
    await run("flow", "run", "--prompt", "What is 2+2?");
    await run("inference", "chat", "--prompt", "What is 2+2?", "--provider", address);
    await run("inference", "key", "create", address, "--expires", "1d");
    await run("inference", "client", "add", "alice");
    await run("job", "submit", "--prompt", "What is 2+2?");
    await run("storage", "upload", "package.json");

    const base = path.join(home.path, ".0g");
    const entries = await readdir(base, { recursive: true, withFileTypes: true });
    const modes = await Promise.all(
      entries.map(async (entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return [path.relative(base, file), (await stat(file)).mode & 0o777, entry.isDirectory()] as const;
      }),
    );
    for (const [name, mode, folder] of modes) expect(mode.toString(8), name).to.equal(folder ? "700" : "600");
    expect((await stat(base)).mode & 0o777).to.equal(0o700);
    const folders = ["gateway", "jobs", "keys", "objects", "receipts", "runs"];
    for (const name of folders) {
      expect(
        modes.some(([file, , folder]) => !folder && file.startsWith(path.join("localhost", name))),
        name,
      ).to.equal(true);
    }
    expect(modes.filter(([name]) => name.endsWith(".tmp"))).to.deep.equal([]);
  });
});
