/** An agent on disk: a file, a folder, or a manifest that names its parts. */

import { constants, type Stats } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";

import { concatBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

import { isMissing } from "../storage/atomic-file.ts";
import { AGENT_PARTS, MOST_DATA, type Agent, type AgentPart, type AgentPartKind } from "./agent.ts";
import { AgentDataError, AgentTooLargeError } from "./errors.ts";
import { nameProblem } from "../names.ts";

export const AGENT_MANIFEST_KIND = "0g-agent";
export const AGENT_MANIFEST_VERSION = 1;
/** The manifest of a folder that has one; it is not minted itself. */
export const AGENT_MANIFEST_FILE = "agent.json";

/** A manifest is a short list of names. */
const LARGEST_MANIFEST = 256 * 1024;

const files = z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]);

const manifestSchema = z.strictObject({
  kind: z.literal(AGENT_MANIFEST_KIND),
  version: z.literal(AGENT_MANIFEST_VERSION),
  model: files,
  weights: files,
  config: files,
  capabilities: files,
  files,
});

export interface AgentOnDisk extends Agent {
  /** Names that were left out because they begin with a dot: such files hold settings and secrets more than data. */
  readonly hidden: readonly string[];
}

interface Candidate {
  readonly part: AgentPartKind;
  readonly name: string;
}

const WEIGHTS = /^weights[./]|\.(?:safetensors|gguf|onnx|pt|pth|ckpt|h5)$/i;

/** What a file without a manifest is for, by its name. */
function partOf(name: string): AgentPartKind {
  if (name === "config.json") return "config";
  if (name === "capabilities.json") return "capabilities";
  if (WEIGHTS.test(name)) return "weights";
  return /^model[./]/i.test(name) ? "model" : "file";
}

/**
 * Reads an agent: one file, the files a manifest names, or all files of a folder (its `agent.json` is a manifest). Count
 * and size are checked before anything is read, and again while reading.
 * @throws {AgentTooLargeError} when all files together are larger than `maxBytes`.
 * @throws {AgentDataError} for what is not there, is no file, leads out of the folder, or has no name for everywhere.
 */
export async function readAgentFiles(given: string, { maxBytes }: { maxBytes: number }): Promise<AgentOnDisk> {
  const there = await statOf(given, given);
  // A link that is named itself may lead anywhere; links inside a folder may not leave it.
  const where = await realpath(given);
  if (there.isDirectory()) {
    const manifest = await readManifest(path.join(where, AGENT_MANIFEST_FILE));
    const { candidates, hidden } =
      manifest === undefined ? await listFolder(where) : { candidates: manifest, hidden: [] };
    return { parts: await readParts(where, candidates, maxBytes), hidden };
  }
  const name = path.basename(where);
  const candidates = (await readManifest(where)) ?? [{ part: partOf(name), name }];
  return { parts: await readParts(path.dirname(where), candidates, maxBytes), hidden: [] };
}

async function statOf(file: string, shown: string): Promise<Stats> {
  try {
    return await stat(file);
  } catch (error) {
    throw new AgentDataError(isMissing(error) ? `${shown} is not there` : `${shown} cannot be read`, error);
  }
}

/** The parts a manifest names; undefined when the file is not there, or says nowhere that it is one. */
async function readManifest(file: string): Promise<Candidate[] | undefined> {
  if (!file.endsWith(".json")) return undefined;
  const there = await stat(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    return undefined;
  });
  if (there?.isFile() !== true || there.size > LARGEST_MANIFEST) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(await readAtMost(await realpath(file), LARGEST_MANIFEST, file)));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // a file that only looks like JSON by its name
    throw error;
  }
  if (!z.object({ kind: z.literal(AGENT_MANIFEST_KIND) }).safeParse(json).success) return undefined;
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) throw new AgentDataError(`${file}: ${z.prettifyError(parsed.error)}`, parsed.error);
  return AGENT_PARTS.flatMap((part) => parsed.data[part === "file" ? "files" : part].map((name) => ({ part, name })));
}

/** All files below a folder, by part and name. */
async function listFolder(folder: string): Promise<{ candidates: Candidate[]; hidden: string[] }> {
  const [names, hidden]: [string[], string[]] = [[], []];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(path.join(folder, below), { withFileTypes: true })) {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith(".")) hidden.push(name);
      else if (entry.isDirectory()) await walk(name);
      else names.push(name);
      if (names.length > MOST_DATA) {
        throw new AgentDataError(`${folder} has more than ${MOST_DATA} files, and a token holds ${MOST_DATA} data`);
      }
    }
  };
  await walk("");
  if (names.length === 0) throw new AgentDataError(`${folder} has no files`);
  const rank = (name: string) => AGENT_PARTS.indexOf(partOf(name));
  names.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  return { candidates: names.map((name) => ({ part: partOf(name), name })), hidden: hidden.sort() };
}

/** @param folder resolved: no links lead to it. */
async function readParts(folder: string, candidates: readonly Candidate[], maxBytes: number): Promise<AgentPart[]> {
  if (candidates.length === 0) throw new AgentDataError(`the manifest in ${folder} names no files`);
  if (candidates.length > MOST_DATA) {
    throw new AgentDataError(`${candidates.length} files are named, and a token holds ${MOST_DATA} data`);
  }
  const inside = folder.endsWith(path.sep) ? folder : folder + path.sep;
  const found: (Candidate & { readonly file: string })[] = [];
  let bytes = 0;
  for (const { part, name } of candidates) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new AgentDataError(`the name ${JSON.stringify(name)} ${problem}`);
    const shown = path.join(folder, name);
    const there = await statOf(shown, shown);
    const file = await realpath(shown);
    if (!file.startsWith(inside)) {
      throw new AgentDataError(`${shown} is a link that leads out of ${folder}`);
    }
    if (!there.isFile()) throw new AgentDataError(`${shown} is not a file`);
    bytes += there.size;
    if (bytes > maxBytes) throw new AgentTooLargeError({ path: folder, bytes, limit: maxBytes });
    found.push({ part, name, file });
  }
  const parts: AgentPart[] = [];
  let left = maxBytes;
  for (const { part, name, file } of found) {
    // One byte more than may be there shows a file that grew, without reading how far.
    const read = await readAtMost(file, left + 1, path.join(folder, name));
    if (read.length > left) throw new AgentTooLargeError({ path: folder, bytes: maxBytes + 1, limit: maxBytes });
    left -= read.length;
    parts.push({ part, name, bytes: read });
  }
  return parts;
}

const CHUNK_BYTES = 1024 * 1024;

/** The first bytes of a file, at most `most`. A link that took its place since it was looked at is not followed. */
async function readAtMost(file: string, most: number, shown: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    // Windows has no such flag, and no such links without an administrator.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      while (length < most) {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(Math.min(CHUNK_BYTES, most - length)));
        if (bytesRead === 0) break;
        chunks.push(buffer.subarray(0, bytesRead));
        length += bytesRead;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new AgentDataError(`${shown} cannot be read`, error);
  }
  return concatBytes(...chunks);
}
