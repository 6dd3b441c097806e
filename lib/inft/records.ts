/** deployments/<network>/<Name>.json: what was deployed where, checked against the chain whenever it is read. */

import { readFile } from "node:fs/promises";
import path from "node:path";

import { getAddress, keccak256 } from "ethers";
import { z } from "zod";

import { genesisHash } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { addressSchema, hashSchema } from "../hex-schema.ts";
import type { Address, Hex } from "../hex.ts";
import { isMissing, writeFileAtomic } from "../storage/atomic-file.ts";
import { InftMissingError, RecordMalformedError, RecordMismatchError } from "./errors.ts";

export const RECORD_VERSION = 1;

const recordSchema = z.strictObject({
  version: z.literal(RECORD_VERSION),
  contractName: z.string().min(1),
  address: addressSchema,
  network: z.string().min(1),
  chainId: z.int().positive(),
  /** Hash of block 0: tells a served Galileo from the public one, whose chain id it shares. */
  genesisHash: hashSchema,
  transaction: hashSchema,
  block: z.int().min(0),
  deployer: addressSchema,
  /** Constructor arguments, in order; amounts as decimal strings. */
  args: z.array(z.unknown()),
  abi: z.array(z.unknown()),
  /** keccak256 of the code at the address. */
  codeHash: hashSchema,
  /** What the compiler was given, for a later verification of the source. */
  compiler: z
    .strictObject({ solcLongVersion: z.string(), sourceName: z.string(), input: z.record(z.string(), z.unknown()) })
    .optional(),
});

/** A deployment record as parsed. Serialises as it is with `JSON.stringify`. */
export type DeploymentRecord = z.infer<typeof recordSchema>;

/** A folder of records, one file a contract. Injected, so that nothing is kept where nothing may be. */
export interface RecordFiles {
  /** The text of a record; undefined when there is none. */
  read(file: string): Promise<string | undefined>;
  /** Replaces a record as a whole. */
  write(file: string, text: string): Promise<void>;
}

/** Records in a folder on disk, usually `deployments/`. */
export function recordFolder(directory: string): RecordFiles {
  return {
    async read(file) {
      try {
        return await readFile(path.join(directory, file), "utf8");
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async write(file, text) {
      await writeFileAtomic(path.join(directory, file), text, "shared");
    },
  };
}

/** `<network>/<Name>.json` */
export function recordFile(network: string, contractName: string): string {
  return `${network}/${contractName}.json`;
}

/**
 * Parses a record.
 * @throws {RecordMalformedError}
 */
export function parseRecord(file: string, text: string): DeploymentRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new RecordMalformedError({ file, problem: "it is not JSON" }, error);
  }
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) throw new RecordMalformedError({ file, problem: z.prettifyError(parsed.error) }, parsed.error);
  return parsed.data;
}

/**
 * keccak256 of the code at `address`.
 * @throws {InftMissingError} when there is none.
 */
export async function codeHashAt(ctx: ReadContext, address: Address): Promise<Hex> {
  const code = await chainCall(`Reading the code at ${address}`, ctx.provider.getCode(address));
  if (code === "0x") throw new InftMissingError({ address, network: ctx.network.name });
  return keccak256(code) as Hex;
}

/**
 * Asserts that a record fits the chain connected to: chain id, block 0, code. Reads block 0 and the code.
 * @throws {RecordMismatchError} naming the field that differs.
 */
export async function checkRecord(ctx: ReadContext, file: string, record: DeploymentRecord): Promise<void> {
  const compare = (field: string, recorded: string | number, actual: string | number) => {
    if (recorded !== actual) throw new RecordMismatchError({ file, field, recorded, actual });
  };
  compare("network", record.network, ctx.network.name);
  compare("chain id", record.chainId, ctx.network.chainId);
  compare("genesis hash", record.genesisHash, await genesisHash(ctx.provider));
  const code = await chainCall(`Reading the code at ${record.address}`, ctx.provider.getCode(record.address));
  compare("code hash", record.codeHash, code === "0x" ? "absent (no contract there)" : keccak256(code));
}

/**
 * Loads the record of a contract on the context's network; undefined when there is none.
 * @throws {RecordMalformedError} {@link RecordMismatchError} never silently replaced.
 */
export async function loadRecord(
  ctx: ReadContext,
  files: RecordFiles,
  contractName: string,
): Promise<DeploymentRecord | undefined> {
  const file = recordFile(ctx.network.name, contractName);
  const text = await files.read(file);
  if (text === undefined) return undefined;
  const record = parseRecord(file, text);
  await checkRecord(ctx, file, record);
  return record;
}

/** Writes a record, whole. */
export async function saveRecord(files: RecordFiles, record: DeploymentRecord): Promise<void> {
  await files.write(recordFile(record.network, record.contractName), `${JSON.stringify(record, null, 2)}\n`);
}

export interface RecordParts {
  readonly contractName: string;
  readonly address: Address;
  readonly transaction: Hex;
  readonly args: readonly unknown[];
  readonly abi: readonly unknown[];
  readonly compiler?: NonNullable<DeploymentRecord["compiler"]>;
}

/**
 * Makes the record of a deployment that is on chain. Reads its transaction, its code and block 0.
 * @throws {InftMissingError} when no code stands at the address.
 */
export async function describeDeployment(ctx: ReadContext, parts: RecordParts): Promise<DeploymentRecord> {
  const { provider, network } = ctx;
  const [receipt, codeHash, genesis] = await Promise.all([
    chainCall(`Reading transaction ${parts.transaction}`, provider.getTransactionReceipt(parts.transaction)),
    codeHashAt(ctx, parts.address),
    genesisHash(provider),
  ]);
  if (receipt === null) throw new Error(`transaction ${parts.transaction} has code but no receipt`);
  return {
    version: RECORD_VERSION,
    contractName: parts.contractName,
    address: parts.address,
    network: network.name,
    chainId: network.chainId,
    genesisHash: genesis,
    transaction: parts.transaction,
    block: receipt.blockNumber,
    deployer: getAddress(receipt.from) as Address,
    args: [...parts.args],
    abi: [...parts.abi],
    codeHash,
    ...(parts.compiler === undefined ? {} : { compiler: parts.compiler }),
  };
}
