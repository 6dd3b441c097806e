/** Reads the published creation code the embedded network runs. Nothing of it is kept in this repository. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import type { Hex } from "../hex.ts";
import { PredeployPackageMissingError, PredeploySourceError } from "./errors.ts";
import type { CodeSource, Patch } from "./predeploys.ts";

const require = createRequire(import.meta.url);
const read = new Map<string, Promise<Hex>>();

/**
 * Creation code of a source, patched where it says so. Read once per process.
 * @throws {PredeployPackageMissingError} when the package or its file is not there.
 * @throws {PredeploySourceError} when the file is not laid out as the expected build.
 */
export async function creationCode(source: CodeSource): Promise<Hex> {
  const key = `${source.package}/${source.file}`;
  let code = read.get(key);
  if (code === undefined) {
    code = readCreationCode(source);
    read.set(key, code);
  }
  return code;
}

async function readCreationCode(source: CodeSource): Promise<Hex> {
  const text = await readPackageFile(source);
  if (source.kind === "artifact") return (JSON.parse(text) as { bytecode: Hex }).bytecode;
  return (source.patches ?? []).reduce<Hex>((code, patch) => applyPatch(code, patch, source), cutCode(text, source));
}

async function readPackageFile(source: CodeSource): Promise<string> {
  try {
    return await readFile(path.join(packageFolder(source.package), source.file), "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "MODULE_NOT_FOUND") throw cause;
    throw new PredeployPackageMissingError({ package: source.package, file: source.file }, cause);
  }
}

/** By folder, because the SDK's `exports` map blocks imports of its contract factories and OpenZeppelin's has no main. */
function packageFolder(name: string): string {
  for (const root of require.resolve.paths(name) ?? []) {
    const folder = path.join(root, name);
    try {
      require.resolve(path.join(folder, "package.json"));
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw Object.assign(new Error(`${name} is not installed`), { code: "MODULE_NOT_FOUND" });
}

/** A TypeChain factory holds one long hexadecimal literal; reading it as text is 100 times faster than loading it. */
function cutCode(text: string, source: CodeSource): Hex {
  const [literal, ...others]: string[] = text.match(/0x60[0-9a-f]{1000,}/g) ?? [];
  if (literal === undefined || others.length > 0) {
    throw unexpected(source, "one bytecode literal", literal === undefined ? "none" : String(1 + others.length));
  }
  return literal as Hex;
}

function applyPatch(code: Hex, { find, replace, hits }: Patch, source: CodeSource): Hex {
  const found = code.split(find).length - 1;
  if (found !== hits) throw unexpected(source, `${hits} times ${find}`, String(found));
  return code.replaceAll(find, replace) as Hex;
}

function unexpected(source: CodeSource, expected: string, found: string): PredeploySourceError {
  return new PredeploySourceError({ package: source.package, file: source.file, expected, found });
}
