import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";

/** Hardhat's keystore did not take a secret: it was not unlocked, or holds one of that name. */
export class KeystoreRefusedError extends ZgError {
  constructor(values: { name: string }) {
    super({
      code: "ZG_KEYSTORE_REFUSED",
      exit: EXIT.precondition,
      message: `Hardhat's keystore did not take ${values.name}`,
      remedy: "Its own message is above. Give another name, or delete the old one: npx hardhat keystore delete.",
      details: values,
    });
  }
}

/** @throws {UsageError} for a name that Hardhat's keystore takes no secret under. */
export function assertKeystoreName(name: string): void {
  if (/^[A-Z][A-Z0-9_]*$/.test(name)) return;
  throw new UsageError({
    message: `${JSON.stringify(name)} is no name for a secret in Hardhat's keystore`,
    remedy: "Give capitals, digits and underscores, such as ZG_API_KEY.",
    details: { name },
  });
}

/**
 * Puts a secret into Hardhat's keystore, as `keystore set` does, which asks for the password itself. The secret is handed
 * over in this process: nobody has to type it, and it is on no command line.
 * @throws {KeystoreRefusedError}
 */
export async function storeInKeystore(hre: HardhatRuntimeEnvironment, name: string, secret: string): Promise<void> {
  const handler = {
    requestSecretInput: async (
      context: unknown,
      interruptor: string,
      description: string,
      next: (context: never, interruptor: string, description: string) => Promise<string>,
    ) => (description.startsWith("Enter secret to store") ? secret : next(context as never, interruptor, description)),
  };
  const { log } = console;
  const { exitCode } = process;
  process.exitCode = 0;
  console.log = console.error; // stdout is the result's
  hre.hooks.registerHandlers("userInterruptions", handler);
  try {
    await hre.tasks.getTask(["keystore", "set"]).run({ key: name, dev: false, force: false });
    if (process.exitCode !== 0) throw new KeystoreRefusedError({ name });
  } finally {
    hre.hooks.unregisterHandlers("userInterruptions", handler);
    console.log = log;
    process.exitCode = exitCode;
  }
}
