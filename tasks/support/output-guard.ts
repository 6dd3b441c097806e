/** The last place before a terminal, a file or a crash report: whatever printed it, Hardhat included, no secret passes. */

import { keepEnvironmentSecrets } from "../../lib/env.ts";
import { redact, scrub } from "../../lib/secrets.ts";

const GUARDED = Symbol.for("0g-inft-hardhat.output-guard");

/**
 * Guards all this process prints: both streams, the error that Node prints itself when nobody catches it, and diagnostic
 * reports, which would list the environment. Once per process.
 */
export function guardOutput(): void {
  keepEnvironmentSecrets();
  if (GUARDED in process) return;
  Object.defineProperty(process, GUARDED, { value: true });
  guardStream(process.stdout);
  guardStream(process.stderr);
  process.on("uncaughtExceptionMonitor", (error) => {
    scrub(error);
  });
  Object.assign(process.report, { excludeEnv: true });
}

/** Makes a stream redact what is written to it. */
export function guardStream(stream: NodeJS.WritableStream): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]) => write(clean(chunk), ...rest);
}

function clean(chunk: unknown): unknown {
  if (typeof chunk === "string") return redact(chunk);
  if (!(chunk instanceof Uint8Array)) return chunk;
  const text = Buffer.from(chunk).toString("latin1"); // keeps every byte apart: bytes need not be text
  const redacted = redact(text);
  return redacted === text ? chunk : Buffer.from(redacted, "latin1");
}
