import { readJobs } from "../../lib/jobs/local.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { remoteUrl, statusRows, timeText, withRemote, withStore } from "../support/jobs.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly id: string;
  readonly remote: string | undefined;
}

export default action<Arguments>(async (args, hre): Promise<Answer> => {
  const id = required(args.id, "The job", "job status <id>");
  const url = remoteUrl(args.remote);
  if (url !== undefined) {
    const view = await withRemote(url, async (jobs) => jobs.status(id));
    return { data: view, text: pairs(statusRows(view)) };
  }
  return withStore(hre, async (store) => {
    const view = await readJobs(store).status(id);
    const history = store.history(id);
    const rows = history.map(({ at, state, message }) => [timeText(Math.floor(at / 1000)), state, message]);
    return { data: { ...view, history }, text: [...pairs(statusRows(view)), "", ...table(rows)] };
  });
});
