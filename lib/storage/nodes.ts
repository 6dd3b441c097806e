import type { ZgError } from "../errors.ts";
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

/** Nodes for uploads: trusted by an indexer, and of the right chain and Flow contract by their own account. */
export class UploadNodes {
  readonly #ctx: StorageContext;
  readonly #replicas: number;
  /** Those that are left, in the order of the indexer. */
  #nodes: readonly ShardNode[];
  /** Those that said who they are. */
  readonly #known = new Set<string>();
  readonly #failures = new Map<string, ZgError>();

  private constructor(ctx: StorageContext, nodes: readonly ShardNode[], replicas: number) {
    this.#ctx = ctx;
    this.#nodes = nodes;
    this.#replicas = replicas;
  }

  /** @throws {StorageIndexerError} {@link AbortedError} */
  static async find(ctx: StorageContext, replicas: number): Promise<UploadNodes> {
    return new UploadNodes(ctx, await trustedNodes(ctx), replicas);
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

  /** Goes on with other nodes while `work` fails at one. */
  async withFailover<T>(work: (nodes: readonly ShardNode[]) => Promise<T>): Promise<T> {
    for (;;) {
      const nodes = await this.choose();
      try {
        return await work(nodes);
      } catch (error) {
        if (!isNodeFailure(error)) throw error;
        this.#drop(error.url, error);
      }
    }
  }

  #chosen(): ShardNode[] {
    const failures = [...this.#failures.values()];
    const problems = failures.map(({ message }) => message);
    try {
      return chooseNodes(this.#nodes, this.#replicas, problems);
    } catch (error) {
      const wrong = failures.find((failure) => failure instanceof WrongFlowError);
      throw error instanceof ShardsMissingError && wrong !== undefined ? wrong : error;
    }
  }

  async #meet({ url }: ShardNode): Promise<void> {
    const { network } = this.#ctx;
    const { storageFlow } = network.contracts;
    try {
      const { chainId, flow, shard } = await askIdentity(this.#ctx, url);
      if (flow !== storageFlow || chainId !== network.chainId) {
        const expected = { expectedFlow: storageFlow, expectedChainId: network.chainId };
        this.#drop(url, new WrongFlowError({ url, flow, chainId, ...expected }));
        return;
      }
      this.#known.add(url);
      this.#nodes = this.#nodes.map((node) => (node.url === url ? { url, ...shard } : node));
    } catch (error) {
      if (!isNodeFailure(error)) throw error;
      this.#drop(url, error);
    }
  }

  /** Leaves a node out from now on, and says so. */
  #drop(url: string, why: ZgError): void {
    this.#ctx.log?.(`${why.message}; going on without it`);
    this.#failures.set(url, why);
    this.#nodes = this.#nodes.filter((node) => node.url !== url);
  }
}

/** For messages. */
export function named(nodes: readonly { readonly url: string }[]): string[] {
  return nodes.map(({ url }) => url);
}
