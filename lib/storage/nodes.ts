import type { ZgError } from "../errors.ts";
import type { Hex } from "../hex.ts";
import type { StorageContext } from "./client.ts";
import { NodeLiesError, ShardsMissingError, StorageNodeError, WrongFlowError } from "./client-errors.ts";
import { trustedNodes } from "./indexer.ts";
import { askIdentity, type ShardNode } from "./node.ts";
import { chooseNodes } from "./shards.ts";

/** A node failed in a way that another node may not. */
export type NodeFailure = StorageNodeError | NodeLiesError;

export function isNodeFailure(error: unknown): error is NodeFailure {
  return error instanceof StorageNodeError || error instanceof NodeLiesError;
}

/** The nodes that can be used, fewer with every failure. */
export class NodePool {
  readonly #ctx: Pick<StorageContext, "log">;
  #nodes: readonly ShardNode[];
  readonly #failures = new Map<string, ZgError>();

  constructor(ctx: Pick<StorageContext, "log">, nodes: readonly ShardNode[]) {
    this.#ctx = ctx;
    this.#nodes = nodes;
  }

  /** Those that are left, in the order they were given. */
  get nodes(): readonly ShardNode[] {
    return this.#nodes;
  }

  get failures(): readonly ZgError[] {
    return [...this.#failures.values()];
  }

  get problems(): string[] {
    return this.failures.map(({ message }) => message);
  }

  /** Leaves a node out from now on, and says so. */
  drop(url: string, why: ZgError): void {
    this.#ctx.log?.(`${why.message}; going on without it`);
    this.#failures.set(url, why);
    this.#nodes = this.#nodes.filter((node) => node.url !== url);
  }

  /** @throws {ShardsMissingError} when those that are left do not suffice. */
  choose(replicas: number): ShardNode[] {
    return chooseNodes(this.#nodes, replicas, this.problems);
  }

  /** Puts what a node says of its shard in place of what an indexer said. */
  correct(node: ShardNode): void {
    this.#nodes = this.#nodes.map((known) => (known.url === node.url ? node : known));
  }
}

/** Nodes for uploads: trusted by an indexer, and of the right chain and Flow contract by their own account. */
export class UploadNodes {
  readonly #ctx: StorageContext;
  readonly #pool: NodePool;
  readonly #replicas: number;
  readonly #known = new Set<string>();

  private constructor(ctx: StorageContext, pool: NodePool, replicas: number) {
    this.#ctx = ctx;
    this.#pool = pool;
    this.#replicas = replicas;
  }

  /** @throws {StorageIndexerError} {@link AbortedError} */
  static async find(ctx: StorageContext, replicas: number): Promise<UploadNodes> {
    return new UploadNodes(ctx, new NodePool(ctx, await trustedNodes(ctx)), replicas);
  }

  /**
   * Nodes that hold every segment as often as it takes. Each was asked who it is.
   * @throws {ShardsMissingError} {@link WrongFlowError} when too few are left.
   */
  async choose(): Promise<ShardNode[]> {
    for (;;) {
      const chosen = this.#chosen();
      const unknown = chosen.filter(({ url }) => !this.#known.has(url));
      if (unknown.length === 0) return chosen;
      await Promise.all(unknown.map(async (node) => this.#meet(node)));
    }
  }

  drop(failure: NodeFailure): void {
    this.#pool.drop(failure.url, failure);
  }

  /** Goes on with other nodes while `work` fails at one. */
  async withFailover<T>(work: (nodes: readonly ShardNode[]) => Promise<T>): Promise<T> {
    for (;;) {
      const nodes = await this.choose();
      try {
        return await work(nodes);
      } catch (error) {
        if (!isNodeFailure(error)) throw error;
        this.drop(error);
      }
    }
  }

  #chosen(): ShardNode[] {
    try {
      return this.#pool.choose(this.#replicas);
    } catch (error) {
      const wrong = this.#pool.failures.find((failure) => failure instanceof WrongFlowError);
      throw error instanceof ShardsMissingError && wrong !== undefined ? wrong : error;
    }
  }

  async #meet(node: ShardNode): Promise<void> {
    const { network } = this.#ctx;
    try {
      const { chainId, flow, shard } = await askIdentity(this.#ctx, node.url);
      if (flow !== network.contracts.storageFlow || chainId !== network.chainId) {
        const expected = { expectedFlow: network.contracts.storageFlow, expectedChainId: network.chainId };
        this.#pool.drop(node.url, new WrongFlowError({ url: node.url, flow, chainId, ...expected }));
        return;
      }
      this.#known.add(node.url);
      this.#pool.correct({ url: node.url, ...shard });
    } catch (error) {
      if (!isNodeFailure(error)) throw error;
      this.drop(error);
    }
  }
}

/** For messages about one root. */
export function named(nodes: readonly { readonly url: string }[]): string[] {
  return nodes.map(({ url }) => url);
}

/** A root, in the form of every name of it. */
export function isRoot(root: string): root is Hex {
  return /^0x[0-9a-f]{64}$/.test(root);
}
