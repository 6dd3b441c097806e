/**
 * Writes all mutants into one set of contracts, so that they are compiled once: every guard asks whether it is the one
 * switched off, and a run names that one by the address of its blocks' author. Nothing else in the project reads it, it
 * costs two gas, and Hardhat sets it for mocha and for Solidity tests alike.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Edit, Guard } from "./guards.ts";

/** "Mutant" in ASCII, then zeros: no account of any test. */
const BASE = 0x4d75_7461_6e74n << 112n;
const LIBRARY_FILE = "contracts/mutants/Mutant.sol";

const LIBRARY = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

library Mutant {
    /// @dev Guards stand in pure functions, too, where a block must not be read: hence the detour.
    function off(uint256 id) internal pure returns (bool) {
        function(uint256) internal view returns (bool) reading = _isActive;
        function(uint256) internal pure returns (bool) pretending;
        assembly ("memory-safe") {
            pretending := reading
        }
        return pretending(id);
    }

    function _isActive(uint256 id) private view returns (bool) {
        return uint256(uint160(address(block.coinbase))) == (uint256(0x4d7574616e74) << 112) + id;
    }
}
`;

/** What MUTANT_COINBASE of instrumented.config.ts must be for a mutant to be active. */
export function coinbaseOf(mutant: number): string {
  return `0x${(BASE + BigInt(mutant)).toString(16).padStart(40, "0")}`;
}

/** Rewrites the contracts under `root`. Line numbers stay. */
export function instrument(root: string, guards: readonly Guard[]): void {
  mkdirSync(path.join(root, path.dirname(LIBRARY_FILE)), { recursive: true });
  writeFileSync(path.join(root, LIBRARY_FILE), LIBRARY);
  for (const file of new Set(guards.map((guard) => guard.file))) {
    const edits = guards.filter((guard) => guard.file === file).flatMap((guard) => guard.edits);
    const target = path.join(root, file);
    const specifier = path.posix.relative(path.posix.dirname(file), LIBRARY_FILE);
    const source = applyEdits(readFileSync(target), edits).toString();
    const pragma = /^pragma solidity [^;]+;/m;
    writeFileSync(
      target,
      source.replace(pragma, (line) => `${line} import {Mutant} from "${specifier}";`),
    );
  }
}

/**
 * Edits come from outer nodes to inner ones. Where several meet, an inner opening stands behind the outer one, and an
 * inner closing before it; and where one node ends as the next begins, closings come first.
 */
export function applyEdits(source: Buffer, edits: readonly Edit[]): Buffer {
  const inserted = new Map<number, { closing: string; opening: string }>();
  for (const { at, text } of edits) {
    const here = inserted.get(at) ?? { closing: "", opening: "" };
    const closing = /^\)+$/.test(text);
    inserted.set(at, closing ? { ...here, closing: text + here.closing } : { ...here, opening: here.opening + text });
  }
  const parts: Buffer[] = [];
  let done = 0;
  for (const [at, { closing, opening }] of [...inserted].sort(([a], [b]) => a - b)) {
    parts.push(source.subarray(done, at), Buffer.from(closing + opening));
    done = at;
  }
  parts.push(source.subarray(done));
  return Buffer.concat(parts);
}
