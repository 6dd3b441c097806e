/** Every way the 0G Storage client fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT, UsageError } from "../errors.ts";
import type { Hex } from "../hex.ts";
import { withUnit } from "../units.ts";

const RUN_AGAIN = "Run the command again: what is stored already is found, and nothing is paid twice.";

/** The address of an indexer or a node is not one. */
export class StorageUrlError extends UsageError {
  constructor(values: { url: string; problem: string }) {
    super({
      message: `${JSON.stringify(values.url)} is no address of a storage indexer or node: ${values.problem}`,
      remedy: "Give an http or https address, e.g. https://indexer-storage-testnet-turbo.0g.ai.",
      details: values,
    });
  }
}

/** No indexer answered: nobody knows which nodes there are. */
export class StorageIndexerError extends DomainError {
  constructor(values: { indexers: readonly string[]; problems: readonly string[] }, cause?: unknown) {
    const said = values.problems.length === 0 ? "none is known on this network" : values.problems.join("; ");
    super(
      "ZG_STORAGE_INDEXER",
      EXIT.network,
      `No storage indexer answered: ${said}`,
      "Look at the address of the indexer, and try again later.",
      values,
      cause,
    );
  }
}

/** A storage node did not answer, or refused. `answered`: it did, with a JSON-RPC error. */
export class StorageNodeError extends DomainError {
  readonly url: string;
  readonly answered: { readonly code: number; readonly message: string; readonly data: string } | undefined;
  /** Whether the same request may succeed later. */
  readonly passing: boolean;

  constructor(
    values: { url: string; what: string; problem: string },
    options: { passing: boolean; answered?: StorageNodeError["answered"]; cause?: unknown },
  ) {
    const { url, what, problem } = values;
    super(
      "ZG_STORAGE_NODE",
      EXIT.network,
      `${what} failed at storage node ${url}: ${problem}`,
      RUN_AGAIN,
      values,
      options.cause,
    );
    this.url = url;
    this.answered = options.answered;
    this.passing = options.passing;
  }
}

/** The nodes that are left do not hold every shard between them, often enough. */
export class ShardsMissingError extends DomainError {
  /** Why others cannot be used. */
  readonly problems: readonly string[];

  constructor(values: { nodes: readonly string[]; replicas: number; problems: readonly string[] }) {
    const { nodes, replicas, problems } = values;
    const times = replicas === 1 ? "" : ` ${replicas} times`;
    const why = problems.length === 0 ? "" : ` (${problems.join("; ")})`;
    super(
      "ZG_STORAGE_SHARDS",
      EXIT.network,
      `The ${nodes.length} storage nodes that can be used do not cover every shard${times}${why}`,
      "Ask for fewer replicas, or try again later.",
      values,
    );
    this.problems = problems;
  }
}

/** A node serves another chain, or another Flow contract, than the network's. */
export class WrongFlowError extends DomainError {
  constructor(values: { url: string; flow: string; chainId: number; expectedFlow: string; expectedChainId: number }) {
    const { url, flow, chainId, expectedFlow, expectedChainId } = values;
    super(
      "ZG_STORAGE_FLOW",
      EXIT.precondition,
      `Storage node ${url} follows Flow ${flow} of chain ${chainId}, not ${expectedFlow} of chain ${expectedChainId}`,
      "Name an indexer of the network in use. Nothing was submitted.",
      values,
    );
  }
}

/** Nobody who answered knows the root. */
export class ObjectNotFoundError extends DomainError {
  constructor(values: { root: Hex; asked: readonly string[]; problems: readonly string[] }) {
    const { root, asked, problems } = values;
    const unasked = problems.length === 0 ? "" : `; not asked: ${problems.join("; ")}`;
    super(
      "ZG_STORAGE_NOT_FOUND",
      problems.length === 0 ? EXIT.precondition : EXIT.network,
      `No storage node holds ${root} (${asked.length} asked${unasked})`,
      "Compare the root with the one that was given when it was stored, and the network with the one it was stored on.",
      values,
    );
  }
}

/** The nodes know the root, and do not say yet that they hold the whole of it. */
export class ObjectNotFinalError extends DomainError {
  constructor(values: { root: Hex; txSeq: number; waitedMs: number; nodes: readonly string[] }) {
    const { root, txSeq, waitedMs, nodes } = values;
    super(
      "ZG_STORAGE_NOT_FINAL",
      EXIT.network,
      `${root} (submission ${txSeq}) is not final at ${nodes.join(", ")} after ${waitedMs} ms`,
      RUN_AGAIN,
      values,
    );
  }
}

/** It is longer than the caller takes. */
export class ObjectTooLargeError extends DomainError {
  constructor(values: { root: Hex; size: number; maxBytes: number }) {
    super(
      "ZG_STORAGE_TOO_LARGE",
      EXIT.precondition,
      `${values.root} has ${values.size} bytes, more than the ${values.maxBytes} that are taken here`,
      "Download it to a file instead.",
      values,
    );
  }
}

/** The Flow contract wants more than was sent. There is no refund, so nothing is added for safety. */
export class FeeTooLowError extends DomainError {
  constructor(values: { root: Hex; fee: bigint; sectors: number; pricePerSector: bigint }, cause: unknown) {
    const { root, fee, sectors, pricePerSector } = values;
    super(
      "ZG_STORAGE_FEE",
      EXIT.precondition,
      `The Flow contract wants more than ${withUnit(fee)} for ${root}: ${sectors} sectors at ${pricePerSector} neuron`,
      "The price was raised meanwhile. Run the command again; it reads the new one.",
      values,
      cause,
    );
  }
}

/** The Flow contract does not take the submission. */
export class SubmissionRefusedError extends DomainError {
  constructor(values: { root: Hex; reason: string }, cause: unknown) {
    super(
      "ZG_STORAGE_SUBMISSION",
      EXIT.precondition,
      `The Flow contract refused to take ${values.root}: ${values.reason}`,
      "0G Storage may be paused. Try again later; nothing was stored.",
      values,
      cause,
    );
  }
}

/** Another process submits for the same signer, and took too long. */
export class StorageBusyError extends DomainError {
  constructor(values: { lock: string; pid: number; waitedMs: number }) {
    super(
      "ZG_STORAGE_BUSY",
      EXIT.precondition,
      `Process ${values.pid} is submitting to 0G Storage for the same signer, for ${values.waitedMs} ms and more`,
      "Wait until it has ended, then run the command again.",
      values,
    );
  }
}

/** The submission is paid, and nodes did not take all of it. */
export class UploadIncompleteError extends DomainError {
  constructor(values: { root: Hex; txSeq: number; problems: readonly string[] }, cause?: unknown) {
    const { root, txSeq, problems } = values;
    super(
      "ZG_STORAGE_UPLOAD",
      EXIT.network,
      `${root} (submission ${txSeq}) is not uploaded yet: ${problems.join("; ")}`,
      RUN_AGAIN,
      values,
      cause,
    );
  }
}

/** No node had a segment whose bytes and proof lead to the root. */
export class SegmentInvalidError extends DomainError {
  constructor(values: { root: Hex; segment: number; problems: readonly string[] }) {
    const { root, segment, problems } = values;
    super(
      "ZG_STORAGE_PROOF",
      EXIT.trust,
      `Segment ${segment} of ${root} is proven by nobody: ${problems.join("; ")}`,
      "Nothing of it was kept. Try again with other nodes or another indexer.",
      values,
    );
  }
}

/** What a node says of a file contradicts the root or the chain. */
export class NodeLiesError extends DomainError {
  readonly url: string;

  constructor(values: { url: string; root: Hex; problem: string }) {
    super(
      "ZG_STORAGE_LIES",
      EXIT.trust,
      `Storage node ${values.url} lies about ${values.root}: ${values.problem}`,
      "Nothing of what it said was used. Try again with other nodes or another indexer.",
      values,
    );
    this.url = values.url;
  }
}

/** What is to be stored cannot be read. */
export class SourceUnreadableError extends DomainError {
  constructor(values: { name: string }, cause: unknown) {
    super(
      "ZG_STORAGE_SOURCE",
      EXIT.usage,
      `${values.name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Name a file that is there and that you may read.",
      values,
      cause,
    );
  }
}

/** What is to be stored changed while it was read: its root would be that of nothing that ever was. */
export class SourceChangedError extends DomainError {
  constructor(values: { name: string; problem: string }) {
    super(
      "ZG_STORAGE_CHANGED",
      EXIT.precondition,
      `${values.name} changed while it was read: ${values.problem}`,
      "Let nothing write to it, or copy it first, then run the command again.",
      values,
    );
  }
}
