/** Brings a file out of 0G Storage. No byte leaves here that was not checked against its root. */

import type { Hex } from "../hex.ts";
import type { FetchedObject, GetOptions, StorageContext } from "./client.ts";
import {
  NodeLiesError,
  ObjectNotFoundError,
  ObjectTooLargeError,
  SegmentInvalidError,
  StorageNodeError,
} from "./client-errors.ts";
import { StorageRootMismatchError } from "./errors.ts";
import { locate, type Copy } from "./locate.ts";
import { segmentRoot, segmentSize, TreeBuilder, type StorageTree } from "./merkle.ts";
import { askBareSegment, askSegment, isHeldBy, type ShardNode } from "./node.ts";
import { isNodeFailure, named, type NodeFailure } from "./nodes.ts";
import { problemOfSegment } from "./proof.ts";
import { assertRoot } from "./root.ts";
import { assertGoing, limitsOf } from "./settings.ts";

/** See {@link StorageReader.read}. */
export async function* readObject(
  ctx: StorageContext,
  root: Hex,
  options: GetOptions = {},
): AsyncGenerator<Uint8Array, FetchedObject> {
  assertRoot(root);
  const copy = await locate(ctx, root);
  const { shape, txSeq, sizeFrom } = copy;
  const { maxBytes = Infinity } = options;
  if (shape.size > maxBytes) throw new ObjectTooLargeError({ root, size: shape.size, maxBytes });

  const stop = new AbortController();
  const signal = ctx.signal === undefined ? stop.signal : AbortSignal.any([ctx.signal, stop.signal]);
  const download = new Download({ ...ctx, signal }, copy);
  // So many are under way, beginning with the one to be yielded next: what waits in memory is bounded.
  const underWay: Promise<Uint8Array>[] = [];
  let next = 0;
  let done = 0;
  try {
    while (done < shape.size) {
      for (; next < shape.segments && underWay.length < limitsOf(ctx).concurrency; next++) {
        const segment = download.segment(next);
        segment.catch(() => undefined); // it is thrown when its turn comes
        underWay.push(segment);
      }
      const bytes = (await underWay.shift()) ?? new Uint8Array();
      assertGoing(ctx, `Downloading ${root}`);
      done += bytes.length;
      options.onProgress?.({ root, done, total: shape.size });
      yield bytes;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(underWay);
  }
  return { root, size: shape.size, txSeq, sizeFrom, nodes: download.sources };
}

class Download {
  readonly #ctx: StorageContext;
  readonly #copy: Copy;
  readonly #sources = new Set<string>();
  /** Nodes that lied once are not asked again. */
  readonly #liars = new Set<string>();
  /** Nodes that failed are asked last: each time costs their repetitions. */
  readonly #failing = new Set<string>();
  #recomputed: Promise<StorageTree> | undefined;

  constructor(ctx: StorageContext, copy: Copy) {
    this.#ctx = ctx;
    this.#copy = copy;
  }

  /** Where the bytes came from. */
  get sources(): string[] {
    return [...this.#sources];
  }

  /** The file's bytes in a segment, from the first node that proves them. */
  async segment(index: number): Promise<Uint8Array> {
    const filled = await this.#proven(index);
    return filled.subarray(0, segmentSize(this.#copy.shape, index));
  }

  async #proven(index: number): Promise<Uint8Array> {
    const { root, shape, txSeq } = this.#copy;
    const withoutProof: string[] = [];
    try {
      return await this.#fromAny(index, async (url) => {
        try {
          const segment = await askSegment(this.#ctx, url, { root, txSeq, index });
          const problem = segment === undefined ? undefined : problemOfSegment(root, shape, segment);
          if (problem !== undefined) throw this.#lie(url, `segment ${index} came as ${problem}`);
          return segment?.data;
        } catch (error) {
          if (!hasNoProofs(error)) throw error;
          withoutProof.push(url);
          return undefined;
        }
      });
    } catch (error) {
      if (withoutProof.length === 0) throw error;
      return this.#recomputedSegment(index);
    }
  }

  /** A segment of nodes that give no proofs: it must be the one it was when the whole file made its root. */
  async #recomputedSegment(index: number): Promise<Uint8Array> {
    const { shape } = this.#copy;
    const tree = await (this.#recomputed ??= this.#recompute());
    return this.#fromAny(index, async (url) => {
      const data = await this.#bare(url, index);
      if (data === undefined || segmentRoot(shape, index, data) === tree.segmentRoot(index)) return data;
      throw this.#lie(url, `segment ${index} is another one than before`);
    });
  }

  /** Reads the file once, and keeps nothing of it but its tree. @throws {StorageRootMismatchError} */
  async #recompute(): Promise<StorageTree> {
    const { root, shape, nodes } = this.#copy;
    const builder = new TreeBuilder(shape.size);
    for (let index = 0; index < shape.segments; index++) {
      const data = await this.#fromAny(index, async (url) => this.#bare(url, index));
      builder.append(data.subarray(0, segmentSize(shape, index)));
    }
    const tree = builder.finish();
    if (tree.root === root) return tree;
    throw new StorageRootMismatchError({ expected: root, actual: tree.root, where: named(nodes).join(", ") });
  }

  async #bare(url: string, index: number): Promise<Uint8Array | undefined> {
    const { txSeq, shape } = this.#copy;
    return askBareSegment(this.#ctx, url, { txSeq, index, shape });
  }

  #lie(url: string, problem: string): NodeLiesError {
    return new NodeLiesError({ url, root: this.#copy.root, problem });
  }

  /**
   * What the first node that has it answers. The segments of a file begin at different nodes, so that all are busy.
   * @throws {SegmentInvalidError} when one lied and none had it; {@link ObjectNotFoundError}.
   */
  async #fromAny(index: number, ask: (url: string) => Promise<Uint8Array | undefined>): Promise<Uint8Array> {
    const { root, nodes, startEntry } = this.#copy;
    const holders = nodes.filter((node) => isHeldBy(node, startEntry, index) && !this.#liars.has(node.url));
    const asked: string[] = [];
    const failures: NodeFailure[] = [];
    const first = index % Math.max(1, holders.length);
    const turned = [...holders.slice(first), ...holders.slice(0, first)];
    const isFailing = ({ url }: ShardNode) => Number(this.#failing.has(url));
    for (const { url } of turned.toSorted((one, other) => isFailing(one) - isFailing(other))) {
      try {
        const data = await ask(url);
        if (data !== undefined) {
          this.#sources.add(url);
          return data;
        }
        asked.push(url);
      } catch (error) {
        if (!isNodeFailure(error)) throw error;
        failures.push(error);
        (error instanceof NodeLiesError ? this.#liars : this.#failing).add(url);
        this.#ctx.log?.(error.message);
      }
    }
    const problems = failures.map(({ message }) => message);
    if (this.#liars.size > 0) {
      throw new SegmentInvalidError({
        root,
        segment: index,
        problems: problems.length > 0 ? problems : [...this.#liars],
      });
    }
    throw new ObjectNotFoundError({ root, asked, problems });
  }
}

/** JSON-RPC's code for a method that a server does not have. */
const METHOD_NOT_FOUND = -32601;

function hasNoProofs(error: unknown): boolean {
  return error instanceof StorageNodeError && error.answered?.code === METHOD_NOT_FOUND;
}
