/** Opening an account and listing providers, beside the official SDK and command line tool on the same served Galileo. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import hre from "hardhat";

import { serveGalileo } from "../../../lib/galileo/serve.ts";
import { configureOfficialCli, officialCli } from "../../../test/support/official-cli.ts";
import type { AccountArguments } from "./account-client.ts";
import type { Case } from "./case.ts";
import { median, runCommand } from "./measure.ts";

const RUNS = 3;
/** Wei. */
const GAS_PRICE = 3_000_000_000;

async function opened(root: string, given: AccountArguments): Promise<number> {
  const script = path.join(root, "scripts/dev/bench/account-client.ts");
  const run = await runCommand([process.execPath, "--import", "tsx", script, JSON.stringify(given)], { cwd: root });
  if (run.code !== 0) throw new Error(`${given.by} ended with ${run.code}\n${run.stderr.slice(-2000)}`);
  return Number(run.stdout.trim().split("\n").at(-1));
}

async function times(measure: () => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let i = 0; i < RUNS; i++) found.push(await measure());
  return median(found);
}

export function accountCases(root: string): Case[] {
  return [
    {
      id: "account",
      title: "deposit, transfer and acknowledge beside the official SDK; no provider limits are involved",
      run: async () => {
        const served = await serveGalileo(hre, { port: 0 });
        try {
          const provider = served.galileo.provider(0).address;
          const measure = async (by: "ours" | "official", gasPrice?: number) =>
            times(async () => {
              const { privateKey } = (await served.galileo.fundedUser()).signer;
              const given = { by, url: served.url, provider, privateKey };
              return opened(root, gasPrice === undefined ? given : { ...given, gasPrice });
            });
          const ours = await measure("ours");
          const official = await measure("official");
          const priced = await measure("official", GAS_PRICE);
          return [
            { name: "deposit, transfer, acknowledge", measured: ours, unit: "ms" },
            { name: "  official SDK, default gas price", measured: official, unit: "ms" },
            { name: "  official SDK, gas price given", measured: priced, unit: "ms" },
            { name: "  ours ÷ official, default", measured: ours / official, unit: "×", most: 0.15 },
          ];
        } finally {
          await served.close();
        }
      },
    },
    {
      id: "providers",
      title: "provider list as a command, beside the official tool, both started as node <entry>",
      run: async () => {
        const served = await serveGalileo(hre, { port: 0 });
        const home = mkdtempSync(path.join(tmpdir(), "bench-providers-"));
        try {
          const { privateKey } = (await served.galileo.fundedUser()).signer;
          await configureOfficialCli(home, { rpc: served.url, privateKey: privateKey as `0x${string}` });
          const entry = path.join(root, "node_modules/hardhat/dist/src/cli.js");
          const command = [process.execPath, entry, "--network", "localhost", "provider", "list"] as const;
          const ours = await times(async () => {
            const run = await runCommand([...command], {
              cwd: root,
              env: { LOCALHOST_RPC_URL: served.url, HARDHAT_DISABLE_TELEMETRY: "true", CI: "true" },
            });
            if (run.code !== 0) throw new Error(run.stderr.slice(-2000));
            return run.wallMs;
          });
          const official = await times(async () => {
            const begun = performance.now();
            const { code, stderr } = await officialCli(home, ["inference", "list-providers"]);
            if (code !== 0) throw new Error(stderr.slice(-2000));
            return performance.now() - begun;
          });
          return [
            { name: "provider list, cold command", measured: ours, unit: "ms" },
            { name: "  official list-providers", measured: official, unit: "ms" },
            { name: "  ours ÷ official", measured: ours / official, unit: "×", most: 1.3 },
          ];
        } finally {
          rmSync(home, { recursive: true, force: true });
          await served.close();
        }
      },
    },
  ];
}
