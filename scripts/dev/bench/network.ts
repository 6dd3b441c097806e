/** Cases against an embedded Galileo: how soon it is ready, session headers, long lists; beside the official SDK. */

import path from "node:path";

import hre from "hardhat";

import { serveGalileo } from "../../../lib/galileo/serve.ts";
import type { Case, Result } from "./case.ts";
import type { HeaderAnswer, HeaderArguments, ListAnswer, ListArguments, ReadyArguments } from "./client.ts";
import { median, runCommand } from "./measure.ts";

const SERVICES = 1_000;

async function client<Answer>(root: string, given: HeaderArguments | ListArguments | ReadyArguments): Promise<Answer> {
  const script = path.join(root, "scripts/dev/bench/client.ts");
  const run = await runCommand([process.execPath, "--import", "tsx", script, JSON.stringify(given)], { cwd: root });
  if (run.code !== 0)
    throw new Error(`the client of case ${given.case} ended with ${run.code}\n${run.stderr.slice(-2000)}`);
  return JSON.parse(run.stdout) as Answer;
}

export function networkCases(root: string): Case[] {
  return [
    {
      id: "ready",
      title: "embedded network ready, in a new process",
      run: async () => {
        const times: number[] = [];
        for (let i = 0; i < 3; i++) times.push((await client<{ ms: number }>(root, { case: "ready" })).ms);
        return [{ name: "embedded network ready", measured: median(times), unit: "ms", most: 1_000 }];
      },
    },
    {
      id: "header",
      title: "session header, warm, against a served Galileo",
      run: async () => {
        const served = await serveGalileo(hre, { port: 0 });
        try {
          const provider = served.galileo.provider(0).address;
          const { signer } = await served.galileo.fundedUser();
          const { ours, official } = await client<HeaderAnswer>(root, {
            case: "header",
            url: served.url,
            provider,
            privateKey: signer.privateKey,
          });
          return [
            { name: "session header, warm", measured: ours.ms, unit: "ms", most: 0.7 },
            { name: "session header, RPC calls", measured: ours.rpc, unit: "calls", most: 0 },
            { name: "session header, HTTP calls", measured: ours.http, unit: "calls", most: 0 },
            { name: "official SDK header, warm", measured: official.ms, unit: "ms" },
            { name: "official SDK header, RPC calls", measured: official.rpc, unit: "calls" },
            { name: "official SDK header, HTTP calls", measured: official.http, unit: "calls" },
          ];
        } finally {
          await served.close();
        }
      },
    },
    {
      id: "list",
      title: `listing ${SERVICES} registered services`,
      run: async () => {
        const served = await serveGalileo(hre, { port: 0 });
        try {
          const { galileo } = served;
          const missing = SERVICES - galileo.providers.length;
          for (let i = 0; i < missing; i++) await galileo.registerService({ model: `bench/model-${i}` });
          const { ours, pages, official } = await client<ListAnswer>(root, { case: "list", url: served.url });
          const results: Result[] = [
            { name: "services listed", measured: ours.services, unit: "services", least: SERVICES, most: SERVICES },
            { name: "listing them", measured: ours.ms, unit: "ms", note: `${ours.rpc} RPC calls` },
            { name: "the bare page calls", measured: pages.ms, unit: "ms", note: `${pages.rpc} RPC calls` },
            { name: "listing ÷ bare page calls", measured: ours.ms / pages.ms, unit: "×", most: 1.2 },
            { name: "official SDK lists", measured: official.services, unit: "services", note: "and says nothing" },
          ];
          return results;
        } finally {
          await served.close();
        }
      },
    },
  ];
}
