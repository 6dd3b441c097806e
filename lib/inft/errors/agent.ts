/** Agents that cannot be minted, or not be read back. */

import { DomainError, EXIT } from "../../errors.ts";

/** What was given is no agent, or none that a token can hold. */
export class AgentDataError extends DomainError {
  readonly problem: string;

  constructor(problem: string, cause?: unknown) {
    super(
      "ZG_AGENT_DATA",
      EXIT.usage,
      `This cannot be minted as an agent: ${problem}`,
      "Give a file, or a folder of files; docs/private-data.md shows the manifest that names its parts.",
      { problem },
      cause,
    );
    this.problem = problem;
  }
}

/** The files of an agent are more than the caller wants to mint. Found before they are read. */
export class AgentTooLargeError extends DomainError {
  constructor(values: { path: string; bytes: number; limit: number }) {
    super(
      "ZG_AGENT_SIZE",
      EXIT.precondition,
      `${values.path} holds ${values.bytes} bytes or more, and the limit is ${values.limit}`,
      "Leave files out, or allow more with --max-size, such as --max-size 50MB.",
      values,
    );
  }
}

/** What was decrypted is no part of an agent, or the parts do not make one. */
export class AgentMalformedError extends DomainError {
  constructor(problem: string, cause?: unknown) {
    super(
      "ZG_AGENT",
      EXIT.trust,
      `The decrypted content is not an agent: ${problem}`,
      "Whoever minted the token sealed something else than its description says.",
      { problem },
      cause,
    );
  }
}
