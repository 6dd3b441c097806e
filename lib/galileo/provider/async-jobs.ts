/** Images as jobs: asked for now, fetched later. The signature is found by the chat id that comes with the finished job. */

import { CHAT_ID_HEADER } from "../../protocol/constants.ts";
import { parsedJson } from "../../protocol/members.ts";
import { answerAdmitted, letIn, type BilledCall } from "./billed.ts";
import type { Delivery } from "./delivery.ts";
import type { ProviderParts } from "./parts.ts";
import { Refusal } from "./refusal.ts";

interface Job {
  readonly id: string;
  readonly user: string;
  readonly createdAt: string;
  updatedAt: string;
  status: "pending" | "processing" | "completed" | "failed";
  until: number;
  data?: unknown;
  errorMessage?: string;
  chatId?: string;
}

export interface AsyncJobs {
  /** Checks and starts a job. @throws {Refusal} */
  submit(parts: ProviderParts, call: BilledCall): Promise<{ readonly jobId: string; readonly status: string }>;
  /** What has become of a job, with the headers of the answer. @throws {Refusal} */
  look(
    parts: ProviderParts,
    jobId: string,
    authorization: string | undefined,
  ): Promise<{ readonly body: object; readonly headers: Readonly<Record<string, string>> }>;
}

/** How long a client should wait before it looks again. Live providers say 5. */
const RETRY_AFTER_SECONDS = "1";

export function asyncJobs(options: {
  readonly enabled: boolean;
  readonly lifetimeMs: number;
  readonly clock: () => number;
}): AsyncJobs {
  const { enabled, lifetimeMs, clock } = options;
  const jobs = new Map<string, Job>();
  const stamp = () => new Date(clock()).toISOString();
  const assertEnabled = () => {
    if (!enabled) throw new Refusal(503, "async processing is not enabled");
  };

  const end = (job: Job, result: Pick<Job, "status" | "data" | "errorMessage" | "chatId">) => {
    Object.assign(job, result, { updatedAt: stamp(), until: clock() + lifetimeMs });
  };

  const run = async (job: Job, work: () => Promise<Delivery>): Promise<void> => {
    job.status = "processing";
    try {
      const delivery = await work();
      if (delivery.hang === true) return; // it stays as it is
      const body = Buffer.concat(await collected(delivery)).toString("utf8");
      if (delivery.status !== 200) {
        end(job, { status: "failed", errorMessage: `provider returned status ${delivery.status}: ${body}` });
        return;
      }
      const chatId = delivery.headers[CHAT_ID_HEADER];
      end(job, { status: "completed", data: parsedJson(body) ?? body, ...(chatId === undefined ? {} : { chatId }) });
    } catch (error) {
      end(job, { status: "failed", errorMessage: error instanceof Error ? error.message : String(error) });
    }
  };

  return {
    async submit(parts, call) {
      assertEnabled();
      const { headers, note } = call;
      const authorization = headers["authorization"];
      const session = await parts.gate.check(
        Array.isArray(authorization) ? authorization[0] : authorization,
        "validate session: ",
      );
      note.update({ user: session.address });
      if (call.body.length === 0) throw new Refusal(400, "request body is required");
      const admitted = await letIn(parts, call, session);
      const now = clock();
      for (const [id, { until }] of jobs) if (until <= now) jobs.delete(id);
      const job: Job = {
        id: parts.uuid(),
        user: session.address,
        createdAt: stamp(),
        updatedAt: stamp(),
        status: "pending",
        until: now + lifetimeMs,
      };
      jobs.set(job.id, job);
      void run(job, async () => answerAdmitted(parts, admitted));
      return { jobId: job.id, status: "pending" };
    },

    async look(parts, jobId, authorization) {
      assertEnabled();
      const session = await parts.gate.check(authorization, "validate session: ");
      const job = jobs.get(jobId);
      if (job === undefined || job.until <= clock()) throw new Refusal(404, "job not found");
      if (job.user !== session.address) throw new Refusal(403, "you do not have permission to access this job");
      const { id, status, createdAt, updatedAt, errorMessage, data, chatId } = job;
      const waiting = status === "pending" || status === "processing";
      return {
        body: { jobId: id, status, createdAt, updatedAt, errorMessage, data },
        headers: {
          ...(waiting ? { "retry-after": RETRY_AFTER_SECONDS } : {}),
          ...(chatId === undefined ? {} : { [CHAT_ID_HEADER]: chatId }),
        },
      };
    },
  };
}

async function collected({ chunks }: Delivery): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
