/** What the module of older dialects refuses. */

import { DomainError, EXIT } from "../../errors.ts";

/** A call in an older dialect that the contract does not take. */
export class DialectRefusedError extends DomainError {
  constructor(values: { problem: string; [value: string]: unknown }, cause?: unknown) {
    super(
      "ZG_DIALECT",
      EXIT.precondition,
      `The call in an older dialect is refused: ${values.problem}`,
      "npx hardhat inft lint <address> lists which dialects a contract speaks, and what each lacks.",
      values,
      cause,
    );
  }
}
