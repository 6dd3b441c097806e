import path from "node:path";

import { readAgentFiles } from "../../lib/inft/agent-files.ts";
import { assertAgent, type Agent } from "../../lib/inft/agent.ts";
import { parseByteSize } from "../../lib/units.ts";
import type { TaskIo } from "./action.ts";

/**
 * Reads what `--data` names, at most `--max-size`, and says which files were left out.
 * @throws {UsageError} {@link AgentDataError} {@link AgentTooLargeError}
 */
export async function readAgent(
  { data, maxSize }: { readonly data: string; readonly maxSize: string },
  io: Pick<TaskIo, "log">,
): Promise<Agent> {
  const maxBytes = parseByteSize(maxSize, "--max-size");
  const { parts, hidden } = await readAgentFiles(path.resolve(data), { maxBytes });
  if (hidden.length > 0) io.log(`left out, because they begin with a dot: ${hidden.join(", ")}`);
  const agent = { parts };
  assertAgent(agent);
  return agent;
}
