import { randomBytes } from "node:crypto";

import { borderOf } from "../../lib/border.ts";
import { apiKeySession } from "../../lib/batch/api-key-session.ts";
import { BatchMismatchError, BatchUnknownError } from "../../lib/batch/errors.ts";
import { openFees, workAlong } from "../../lib/batch/work-along.ts";
import { genesisHash } from "../../lib/chain/connect.ts";
import { WalletSpending } from "../../lib/chain/spending.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { setting } from "../../lib/env.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { keepSecret } from "../../lib/secrets.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { parseCount, required, type SpendingArguments } from "../support/arguments.ts";
import { batchFiles, openShared, redisUrl } from "../support/batch.ts";
import { withConnection } from "../support/connection.ts";
import { approve, billData } from "../support/spend.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly id: string | undefined;
  readonly redis: string | undefined;
  readonly concurrency: string;
}

const EXAMPLE = "flow batch-worker --network localhost --id first --redis redis://127.0.0.1:6379";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const id = required(args.id, "The --id of the batch", EXAMPLE);
  const url = required(redisUrl(args.redis), "The Redis of the batch", EXAMPLE);
  const concurrency = parseCount(args.concurrency, "concurrency", 1);
  const key = setting("ZG_WORKER_API_KEY")?.value;
  keepSecret(key);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const writer = key === undefined ? await openWriter(open, args, io) : undefined;
      const session =
        writer === undefined
          ? apiKeySession(network, key ?? "")
          : new SessionTokens({ network, provider: read.provider, signer: writer.ctx.signer });
      const queue = await openShared(batchFiles(hre, network, id), url, { id, network, io });
      try {
        const plan = await queue.plan();
        if (plan === undefined) throw new BatchUnknownError({ id, where: queue.where });
        const now = { "genesis hash": await genesisHash(read.provider), owner: await session.user() };
        for (const [field, recorded] of [
          ["genesis hash", plan.genesisHash],
          ["owner", plan.owner],
        ] as const) {
          if (recorded !== now[field]) throw new BatchMismatchError({ id, field, recorded, now: now[field] });
        }
        const amount = await openFees(queue, read, plan);
        const note = "at most, among all workers; out of the sub-account, as the batch's plan said";
        const bill = makeBill([{ what: "answers to what is open", amount, from: "fee", note }]);
        const common = { network: network.name, mode: network.mode, id, owner: plan.owner, plan: billData(bill) };
        const spender = writer ?? { ctx: read, owner: plan.owner, spending: new WalletSpending() };
        if (!(await approve(bill, args, spender, io, "work along"))) {
          return { data: { ...common, dryRun: true }, text: ["dry run: nothing was asked"] };
        }
        await queue.join();
        let spent = 0n;
        let worked = 0;
        await workAlong({
          ...{ id, queue, read, session, concurrency, random: randomBytes, clock: Date.now, log: io.log },
          http: { border: borderOf(network) },
          signal: io.signal,
          onPaid: (fee) => {
            spent += fee;
          },
          onSettled: () => {
            worked += 1;
          },
        });
        const counts = await queue.counts();
        return {
          data: { ...common, worked, spent, counts },
          text: [`worked ${worked} items of batch ${id}, ${withUnit(spent)} for answers`],
        };
      } finally {
        await queue.close();
      }
    },
    io,
  );
});
