import { randomBytes } from "node:crypto";

import { borderOf } from "../../lib/border.ts";
import { genesisHash } from "../../lib/chain/connect.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { listSubAccounts } from "../../lib/compute/sub-accounts.ts";
import { setting } from "../../lib/env.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { LocalJobs } from "../../lib/jobs/local.ts";
import { serverKey } from "../../lib/jobs/server-key.ts";
import { serveJobs } from "../../lib/jobs/server.ts";
import type { JobStore } from "../../lib/jobs/store.ts";
import { JobWorker, workerIdentity } from "../../lib/jobs/worker.ts";
import { reveal } from "../../lib/secrets.ts";
import { parseAmount, parseByteSize, withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { parseCount, parsePort, type SpendingArguments } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { HOST, withStore, type JobFiles } from "../support/jobs.ts";
import { closeOnSignal } from "../support/signals.ts";
import { approve, billData, spendingCap } from "../support/spend.ts";
import { pairs } from "../support/table.ts";
import { projectVersion } from "../support/version.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly port: string;
  readonly host: string;
  readonly allowHost: string | undefined;
  readonly perJob: string | undefined;
  readonly parallel: string;
  readonly maxMessage: string;
  readonly attest: boolean;
  readonly timeout: string | undefined;
  readonly drain: string;
  readonly as: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const port = parsePort(args.port, "port");
  const parallel = parseCount(args.parallel, "parallel", 1);
  const maxMessage = parseByteSize(args.maxMessage, "--max-message");
  const drainMs = parseCount(args.drain, "drain") * 1000;
  const timeoutMs = args.timeout === undefined ? undefined : parseCount(args.timeout, "timeout", 1) * 1000;
  const perJob = args.perJob === undefined ? undefined : parseAmount(args.perJob, "--per-job");
  const maxSpend = spendingCap(args);
  const hosts = args.allowHost?.split(",").map((name) => name.trim().toLowerCase());

  // Answers when it serves; store and connection stay open until a signal.
  return new Promise<Answer>((resolve, reject) => {
    const serve = async (open: OpenConnection, store: JobStore, files: JobFiles) => {
      const { read, network } = open;
      const writer = await openWriter(open, args, io);
      const { ctx, owner: user } = writer;
      const accounts = await listSubAccounts(read, user);
      const there = accounts.reduce((sum, { spendable }) => sum + spendable, 0n);
      const amount = maxSpend !== undefined && maxSpend < there ? maxSpend : there;
      const note = `at most, from sub-accounts that hold ${withUnit(there)}`;
      const bill = makeBill([{ what: "jobs as they come", amount, from: "fee", note }]);
      const common = { network: network.name, mode: network.mode, user, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "serve"))) {
        resolve({ data: { ...common, dryRun: true }, text: ["dry run: nothing was served"] });
        return;
      }
      const key = await serverKey(files.serverKey, setting("ZEROG_API_KEY")?.value);
      // Not the command's signal: a request that was sent is waited for when it stops.
      const http = { border: borderOf(network), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
      const deps = { read, http, random: randomBytes, store };
      const worker = new JobWorker({
        ...deps,
        session: new SessionTokens({ network, provider: read.provider, signer: ctx.signer }),
        worker: workerIdentity(HOST),
        for: { user, genesisHash: await genesisHash(read.provider) },
        ...{ parallel, clock: Date.now, log: io.log },
        ...(maxSpend === undefined ? {} : { maxSpend }),
      });
      const jobs = new LocalJobs({
        ...{ ...deps, user, attest: args.attest },
        ...(perJob === undefined ? {} : { perJob }),
        admit: (planned) => worker.admit(planned),
        onSubmitted: () => worker.wake(),
      });
      const served = await serveJobs({
        ...{ jobs, key, host: args.host, port, maxMessage, drainMs, log: io.log, version: await projectVersion() },
        ...(hosts === undefined ? {} : { hosts }),
      });
      worker.start();
      if (key.made !== undefined) reveal(key.made);
      resolve({
        data: {
          ...common,
          address: served.address,
          key: key.made ?? null,
          keyFile: key.file ?? null,
          store: store.file,
          parallel,
        },
        text: [
          ...pairs([
            ["ZEROG_GRPC_URL", served.address],
            ...(key.made === undefined ? [] : [["ZEROG_API_KEY, shown once", key.made] as const]),
            ["key", key.file ?? "from ZEROG_API_KEY"],
            ["jobs", store.file],
            ["pays", user],
          ]),
          "",
          "Ctrl-C stops it.",
        ],
      });
      const close = async () => {
        await served.close();
        await worker.stop();
      };
      await closeOnSignal("job server", close, io);
    };
    withStore(hre, async (store, files) => withConnection(hre, async (open) => serve(open, store, files), io)).catch(
      reject,
    );
  });
});
