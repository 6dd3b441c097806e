/** Ways in which publishing source code fails. The contract itself is deployed and works in all of them. */

import { EXIT, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";

/** Verification was asked for on a network whose chain nobody else can see. */
export class NoExplorerError extends ZgError {
  constructor(network: string) {
    super({
      code: "ZG_VERIFY_NO_EXPLORER",
      exit: EXIT.usage,
      message: `Network ${network} has no explorer to publish source code on`,
      remedy: "Leave --verify out here; it works with --network galileo and --network aristotle.",
      details: { network },
    });
  }
}

/** The explorer compiled the source and got other bytecode, or refused the submission. */
export class VerificationRefusedError extends ZgError {
  constructor(values: { address: Address; said: string; retry: string }) {
    super({
      code: "ZG_VERIFY_REFUSED",
      exit: EXIT.precondition,
      message: `The explorer refused the source of ${values.address}: ${values.said}`,
      remedy: `The contract is deployed and works. Build the commit it was deployed from, then: ${values.retry}`,
      details: { address: values.address, said: values.said },
    });
  }
}

/** The explorer took the source and has not said yes or no in time. */
export class VerificationPendingError extends ZgError {
  constructor(
    values: { address: Address; guid: string; said: string; waitedMs: number; retry: string },
    cause?: unknown,
  ) {
    const { address, guid, said, waitedMs, retry } = values;
    super({
      code: "ZG_VERIFY_PENDING",
      exit: EXIT.network,
      message: `The explorer has not finished with ${address} after ${waitedMs} ms; it last said: ${said}`,
      remedy: `The contract is deployed and works. Look again later, nothing is submitted twice: ${retry}`,
      details: { address, guid, said, waitedMs },
      cause,
    });
  }
}

/** The explorer did not answer, or answered something that is no answer. */
export class ExplorerUnreachableError extends ZgError {
  constructor(values: { url: string; said: string }, cause?: unknown) {
    super({
      code: "ZG_VERIFY_EXPLORER",
      exit: EXIT.network,
      message: `The explorer's API at ${values.url} gave no usable answer: ${values.said}`,
      remedy:
        "The contract is deployed and works. Try again later; what is verified already is found and not repeated.",
      details: values,
      cause,
    });
  }
}
