import type { ZgError } from "../../../../lib/errors.ts";

type Class<E> = abstract new (...args: never[]) => E;

/** The error that `work` fails with, which must be of `kind`. */
export async function caught<E extends ZgError>(kind: Class<E>, work: () => unknown): Promise<E> {
  try {
    await work();
  } catch (error) {
    if (error instanceof kind) return error;
    throw new Error(`expected ${kind.name}, got ${String(error)}`, { cause: error });
  }
  throw new Error(`expected ${kind.name}, but nothing failed`);
}
