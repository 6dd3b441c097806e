/** An embedded network with storage, and what a client of it does, step by step, so that a test can do a step wrong. */

import { Interface, type Wallet } from "ethers";
import hre from "hardhat";

import { bootOptions } from "../../../../lib/galileo/boot-options.ts";
import type { Galileo } from "../../../../lib/galileo/galileo.ts";
import type { Eip1193 } from "../../../../lib/galileo/rpc.ts";
import { STORAGE_SETTINGS } from "../../../../lib/galileo/storage/predeploys.ts";
import type { LocalStorage } from "../../../../lib/galileo/storage/local-storage.ts";
import type { Address, Hex } from "../../../../lib/hex.ts";
import { CHUNK_BYTES, SEGMENT_BYTES, storageTree, type StorageTree } from "../../../../lib/storage/merkle.ts";

const SUBMIT = new Interface([
  "function submit(tuple(tuple(uint256 size, bytes tags, tuple(bytes32 root, uint256 height)[] nodes) data, address submitter) submission) payable",
]);

export interface StorageWorld {
  readonly connection: Awaited<ReturnType<typeof hre.network.create>>;
  readonly galileo: Galileo;
  readonly storage: LocalStorage;
  readonly rpc: Eip1193;
  readonly user: Wallet;
  close(): Promise<void>;
}

export async function storageWorld(options: { readonly storageNodes?: number } = {}): Promise<StorageWorld> {
  const connection = await bootOptions.run(options, async () => hre.network.create());
  const { galileo } = connection;
  const { signer: user } = await galileo.fundedUser();
  const close = async () => connection.close();
  return { connection, galileo, storage: galileo.storage, rpc: connection.provider, user, close };
}

/** Bytes that no other test has: the same `seed` and size give the same bytes. */
export function bytesOf(size: number, seed: number): Uint8Array {
  let state = (seed + 1) * 0x9e3779b1;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

/** Pays for a file, or `more` than it costs. Returns nothing: nodes read the chain. */
export async function submit(
  user: Wallet,
  flow: Address,
  { shape, nodes }: Pick<StorageTree, "shape" | "nodes">,
  more = 0n,
): Promise<void> {
  const data = { size: shape.size, tags: "0x", nodes };
  const transaction = await user.sendTransaction({
    to: flow,
    value: BigInt(shape.paddedChunks) * STORAGE_SETTINGS.pricePerSector + more,
    data: SUBMIT.encodeFunctionData("submit", [{ data, submitter: user.address }]),
  });
  await transaction.wait();
}

export interface SegmentJson {
  root: Hex;
  data: string;
  index: number;
  proof: { lemma: Hex[]; path: boolean[] };
  fileSize: number;
}

/** What a client sends for one segment: the last chunk filled with zeros. */
export function segmentOf(bytes: Uint8Array, tree: StorageTree, index: number): SegmentJson {
  const data = bytes.subarray(index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES);
  const filled = Buffer.alloc(Math.ceil(data.length / CHUNK_BYTES) * CHUNK_BYTES);
  filled.set(data);
  const { lemma, path } = tree.proofOf(index);
  const proof = { lemma: [...lemma], path: [...path] };
  return { root: tree.root, data: filled.toString("base64"), index, proof, fileSize: bytes.length };
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: string;
}

/** @throws {NodeError} when the server answers with an error. */
export async function ask<T>(url: string, method: string, ...params: unknown[]): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as { result: T; error?: RpcError };
  if (error !== undefined) throw new NodeError(error);
  return result;
}

export class NodeError extends Error {
  readonly code: number;
  readonly data: string | undefined;

  constructor({ code, message, data }: RpcError) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The error a server answers with. */
export async function errorOf(asked: Promise<unknown>): Promise<NodeError> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof NodeError) return error;
    throw error;
  }
  throw new Error("it was answered without an error");
}

/** Pays for bytes and hands every segment to the first node, one after the other. */
export async function store({ storage, user }: StorageWorld, bytes: Uint8Array): Promise<StorageTree> {
  const tree = storageTree(bytes);
  await submit(user, storage.flow, tree);
  for (let index = 0; index < tree.shape.segments; index++) {
    await ask(storage.node(0).url, "zgs_uploadSegment", segmentOf(bytes, tree, index));
  }
  return tree;
}
