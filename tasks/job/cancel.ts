import { JobNotCancelledError } from "../../lib/jobs/errors.ts";
import { readJobs } from "../../lib/jobs/local.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { remoteUrl, withRemote, withStore } from "../support/jobs.ts";

interface Arguments {
  readonly id: string;
  readonly remote: string | undefined;
}

export default action<Arguments>(async (args, hre): Promise<Answer> => {
  const id = required(args.id, "The job", "job cancel <id>");
  const url = remoteUrl(args.remote);
  const cancelled =
    url === undefined
      ? await withStore(hre, async (store) => readJobs(store).cancel(id))
      : await withRemote(url, async (jobs) => jobs.cancel(id));
  if (!cancelled.cancelled) throw new JobNotCancelledError({ id, why: cancelled.message });
  return { data: cancelled, text: [`job ${id}: ${cancelled.message}`] };
});
