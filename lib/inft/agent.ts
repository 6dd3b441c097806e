/**
 * An agent as a token holds it: parts such as model, weights, config and capabilities, one datum each.
 *
 * The plaintext of a datum is one line of JSON and then the part's bytes as they are:
 *
 *     {"kind":"0g-agent-part","version":1,"part":"weights","name":"weights.bin","bytes":1048576}⏎<1048576 bytes>
 *
 * Only the part is public, as the media type that describes the datum: `application/vnd.0g.agent.weights`.
 */

import { z } from "zod";

import { toHex, type Address, type Hex } from "../hex.ts";
import type { RandomBytes } from "../sealing/index.ts";
import { sealDatum } from "./content.ts";
import { AgentDataError, AgentMalformedError } from "./errors.ts";
import type { Datum } from "./mint.ts";
import { conflictingName, nameProblem } from "../names.ts";

export const AGENT_PART_KIND = "0g-agent-part";
export const AGENT_PART_VERSION = 1;

/** What a part is for; `file` is anything else. */
export const AGENT_PARTS = ["model", "weights", "config", "capabilities", "file"] as const;
export type AgentPartKind = (typeof AGENT_PARTS)[number];

/** The chain keeps the number of a token's data in one byte. */
export const MOST_DATA = 255;

const DESCRIPTION_PREFIX = "application/vnd.0g.agent.";
/** The line is short; without an end to the search, a datum that is no agent's would be read as text to its end. */
const LONGEST_HEADER = 8 * 1024;
const LINE_END = 0x0a;

export interface AgentPart {
  readonly part: AgentPartKind;
  /** A relative path with `/`, unique in the agent. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Agent {
  readonly parts: readonly AgentPart[];
}

const headerSchema = z.strictObject({
  kind: z.literal(AGENT_PART_KIND),
  version: z.literal(AGENT_PART_VERSION),
  part: z.enum(AGENT_PARTS),
  name: z.string().refine((name) => nameProblem(name) === undefined, "no name a file can have everywhere"),
  bytes: z.int().min(0),
});

/** What tools need to read: a config is one object, capabilities are a list of names, each alone or in an object. */
const PART_SCHEMAS: Partial<Record<AgentPartKind, z.ZodType>> = {
  config: z.record(z.string(), z.unknown(), "not a JSON object"),
  capabilities: z
    .array(z.union([z.string().min(1), z.looseObject({ name: z.string().min(1) })]), "not a JSON list")
    .min(1, "empty"),
};

/** The public `dataDescription` of a part. */
export function agentDescription(part: AgentPartKind): string {
  return `${DESCRIPTION_PREFIX}${part}`;
}

/** Whether a datum is described as an agent's part. */
export function isAgentDescription(description: string): boolean {
  return AGENT_PARTS.some((part) => agentDescription(part) === description);
}

/**
 * Asserts that an agent can be minted and read back: 1 to 255 parts, names that are files' names and differ, a config
 * and capabilities that follow their schema.
 * @throws {AgentDataError}
 */
export function assertAgent({ parts }: Agent): void {
  if (parts.length === 0) throw new AgentDataError("there is nothing in it");
  if (parts.length > MOST_DATA) {
    throw new AgentDataError(`it has ${parts.length} parts, and a token holds ${MOST_DATA} data`);
  }
  for (const { part, name, bytes } of parts) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new AgentDataError(`the name ${JSON.stringify(name)} ${problem}`);
    const schema = PART_SCHEMAS[part];
    if (schema === undefined) continue;
    const parsed = schema.safeParse(jsonOf(bytes, part, name));
    if (!parsed.success)
      throw new AgentDataError(`${name}, its ${part}: ${z.prettifyError(parsed.error)}`, parsed.error);
  }
  const conflict = conflictingName(parts.map(({ name }) => name));
  if (conflict !== undefined) throw new AgentDataError(`two parts cannot both be kept as ${JSON.stringify(conflict)}`);
}

function jsonOf(bytes: Uint8Array, part: AgentPartKind, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new AgentDataError(`${name}, its ${part}, is not JSON`, error);
  }
}

/** The plaintext of a part. */
export function encodeAgentPart({ part, name, bytes }: AgentPart): Uint8Array {
  const header: z.infer<typeof headerSchema> = {
    kind: AGENT_PART_KIND,
    version: AGENT_PART_VERSION,
    part,
    name,
    bytes: bytes.length,
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), bytes]);
}

/**
 * Parses the plaintext of a part.
 * @throws {AgentMalformedError}
 */
export function decodeAgentPart(plaintext: Uint8Array): AgentPart {
  const end = plaintext.subarray(0, LONGEST_HEADER).indexOf(LINE_END);
  if (end < 0) throw new AgentMalformedError("it does not begin with a line of JSON");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plaintext.subarray(0, end)));
  } catch (error) {
    throw new AgentMalformedError("its first line is not JSON", error);
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) throw new AgentMalformedError(z.prettifyError(parsed.error), parsed.error);
  const { part, name, bytes: length } = parsed.data;
  const bytes = plaintext.subarray(end + 1);
  if (bytes.length !== length) {
    throw new AgentMalformedError(`its first line announces ${length} bytes, and ${bytes.length} follow`);
  }
  return { part, name, bytes };
}

/**
 * The agent behind the plaintexts of a token's data, as {@link sealAgent} took it.
 * @throws {AgentMalformedError} when one is no part, or they do not make one agent.
 */
export function decodeAgent(plaintexts: readonly Uint8Array[]): Agent {
  const agent = { parts: plaintexts.map(decodeAgentPart) };
  try {
    assertAgent(agent);
  } catch (error) {
    if (!(error instanceof AgentDataError)) throw error;
    throw new AgentMalformedError(error.problem, error);
  }
  return agent;
}

export interface SealAgentParams {
  readonly chainId: number;
  readonly inft: Address;
  readonly agent: Agent;
  /** Of the recipient, 33, 64 or 65 bytes. */
  readonly ownerPublicKey: Uint8Array;
  readonly randomBytes: RandomBytes;
}

export interface SealedAgent {
  /** As the contract takes them, in the order of the parts. */
  readonly datas: readonly Datum[];
  readonly sealedKeys: readonly Hex[];
  /** To be kept under their data hashes before anything is sent. */
  readonly ciphertexts: readonly Uint8Array[];
}

/**
 * Encrypts each part under a key of its own, bound to chain, contract, index and one random salt, since the token's id is
 * not known before the mint; seals the keys to the owner. Sends nothing.
 * @throws {AgentDataError} {@link PublicKeyMalformedError}
 */
export function sealAgent({ chainId, inft, agent, ownerPublicKey, randomBytes }: SealAgentParams): SealedAgent {
  assertAgent(agent);
  const token = toHex(randomBytes(32));
  const sealed = agent.parts.map((part, index) => {
    const place = { chainId, contract: inft, token, index };
    return { part: part.part, ...sealDatum(encodeAgentPart(part), place, ownerPublicKey, randomBytes) };
  });
  return {
    datas: sealed.map(({ part, dataHash }) => ({ dataDescription: agentDescription(part), dataHash })),
    sealedKeys: sealed.map(({ sealedKey }) => sealedKey),
    ciphertexts: sealed.map(({ ciphertext }) => ciphertext),
  };
}
