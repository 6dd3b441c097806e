import type { TaskIo } from "./action.ts";

/**
 * Waits for SIGINT or SIGTERM, then closes a server. Never fails: what keeps it from closing is said, and exits with 1.
 * @param what for people: `galileo`.
 */
export async function closeOnSignal(
  what: string,
  close: () => Promise<void>,
  { log }: Pick<TaskIo, "log">,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = () => {
      process.removeListener("SIGINT", stop);
      process.removeListener("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  log(`${what}: stopping`);
  try {
    await close();
  } catch (error) {
    log(`${what}: did not stop cleanly: ${String(error)}`);
    process.exitCode = 1;
  }
}
