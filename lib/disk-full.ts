/** What it means that something could not be written for want of room. */

import { DomainError, EXIT } from "./errors.ts";

/** There is no room for what was to be written. */
export class DiskFullError extends DomainError {
  constructor(values: { file: string }, cause: unknown) {
    super(
      "ZG_DISK_FULL",
      EXIT.precondition,
      `There is no room for ${values.file}; nothing was written`,
      "Free some space, or name a file or a ZG_HOME on another disk; then run the command again.",
      values,
      cause,
    );
  }
}

/** What a failed write means, when it was for want of room; any other failure as it is. */
export function asDiskFull(file: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" ? new DiskFullError({ file }, error) : error;
}

/** Writes, and names the file there was no room for. @throws {DiskFullError} what `write` throws. */
export function withRoom<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw asDiskFull(file, error);
  }
}
