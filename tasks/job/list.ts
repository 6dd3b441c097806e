import { spendingOf } from "../../lib/jobs/job.ts";
import { statusView } from "../../lib/jobs/jobs.ts";
import { action, type Answer } from "../support/action.ts";
import { parseCount } from "../support/arguments.ts";
import { remoteUrl, spentText, timeText, withStore } from "../support/jobs.ts";
import { table } from "../support/table.ts";

interface Arguments {
  readonly limit: string;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const limit = parseCount(args.limit, "limit", 1);
  if (remoteUrl(undefined) !== undefined) {
    io.log("note: these are the jobs of this machine; a job server does not list its own (ZEROG_GRPC_URL is set)");
  }
  return withStore(hre, async (store) => {
    store.recover();
    const jobs = store.list(limit).map((job) => {
      const { amount, assumed } = spendingOf(job);
      const { user, provider, model, submitted_at } = job;
      const spent = { amount: amount.toString(), assumed };
      return {
        ...statusView(job),
        task_type: job.task.task_type,
        ...{ model, provider, user, spent },
        submitted_at: Math.floor(submitted_at / 1000),
      };
    });
    const rows = jobs.map(({ job_id, status, task_type, model, spent, submitted_at, message }) => [
      ...[job_id, status, task_type, model, spentText(spent), timeText(submitted_at), message],
    ]);
    const head = ["job", "status", "type", "model", "spent", "submitted", ""];
    return Promise.resolve({ data: { jobs }, text: rows.length === 0 ? ["no jobs"] : table([head, ...rows]) });
  });
});
