/** What runs when a contract is called, and what can be read from its code without its source. */

import { id, toBeHex, ZeroAddress } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { moduleAddress } from "./code.ts";
import { callStatically } from "./lint-call.ts";

/** How a piece of code comes to run. */
export type CodeRole = "itself" | "implementation" | "beacon implementation" | "minimal proxy target" | "module";

export interface CodePiece {
  readonly address: Address;
  readonly role: CodeRole;
  readonly code: Hex;
}

/** Who can put other code in the place of a proxied contract's. */
export interface Replaceable {
  readonly proxy: Address;
  readonly by: "admin" | "beacon";
  /** The admin, when the proxy names one; the beacon. */
  readonly address?: Address;
}

export interface ReachableCode {
  /** None when no contract stands at the address. */
  readonly pieces: readonly CodePiece[];
  readonly replaceable: readonly Replaceable[];
}

/** ERC-1967: the slot is one below the hash of its name. */
const slot = (name: string): Hex => toBeHex(BigInt(id(`eip1967.proxy.${name}`)) - 1n, 32) as Hex;
/** ERC-1167 and its shorter kin: a few bytes that copy the call data, then delegate to the address in them. */
const MINIMAL_PROXY = /^0x[0-9a-f]{16,24}73([0-9a-f]{40})5af4/;
/** `implementation()` of a beacon. */
const IMPLEMENTATION = id("implementation()").slice(0, 10) as Hex;
/** No chain of proxies is longer, but for one that goes round. */
const MOST_HOPS = 4;

async function codeAt(ctx: ReadContext, address: Address): Promise<Hex> {
  return (await chainCall(`Reading the code at ${address}`, ctx.provider.getCode(address))).toLowerCase() as Hex;
}

async function addressInSlot(ctx: ReadContext, address: Address, name: string): Promise<Address | undefined> {
  const word = await chainCall(`Reading the storage of ${address}`, ctx.provider.getStorage(address, slot(name)));
  return addressIn(word);
}

function addressIn(word: string): Address | undefined {
  if (!/^0x0{24}[0-9a-fA-F]{40}$/.test(word)) return undefined;
  const address = checksum(`0x${word.slice(26)}`);
  return address === ZeroAddress ? undefined : address;
}

/** The code at an address, and behind it where it is a proxy of a known kind. */
export async function reachableCode(ctx: ReadContext, address: Address): Promise<ReachableCode> {
  const pieces: CodePiece[] = [];
  const replaceable: Replaceable[] = [];

  const follow = async (at: Address, role: CodeRole): Promise<void> => {
    const code = await codeAt(ctx, at);
    if (code === "0x" || pieces.length > MOST_HOPS || pieces.some((piece) => piece.address === at)) return;
    pieces.push({ address: at, role, code });

    const [, target] = MINIMAL_PROXY.exec(code) ?? [];
    if (target !== undefined) {
      await follow(checksum(`0x${target}`), "minimal proxy target");
      return;
    }
    // A proxy keeps its slots in the storage it runs in: the first contract's, whoever delegates to whom after it.
    if (role !== "itself") return;
    const [implementation, beacon, admin] = await Promise.all([
      addressInSlot(ctx, at, "implementation"),
      addressInSlot(ctx, at, "beacon"),
      addressInSlot(ctx, at, "admin"),
    ]);
    if (implementation !== undefined) {
      replaceable.push({ proxy: at, by: "admin", ...(admin === undefined ? {} : { address: admin }) });
      await follow(implementation, "implementation");
    }
    if (beacon !== undefined) {
      replaceable.push({ proxy: at, by: "beacon", address: beacon });
      const answer = await callStatically(ctx, { to: beacon, data: IMPLEMENTATION });
      const behind = answer.status === "returned" ? addressIn(answer.data) : undefined;
      if (behind !== undefined) await follow(behind, "beacon implementation");
    }
  };
  await follow(address, "itself");
  return { pieces, replaceable };
}

/** The module of a contract that hands unknown calls to the first contract it created, as our INFT does. */
export async function moduleCode(ctx: ReadContext, contract: Address): Promise<CodePiece | undefined> {
  const address = moduleAddress(contract, 0);
  const code = await codeAt(ctx, address);
  return code === "0x" ? undefined : { address, role: "module", code };
}

const PUSH0 = 0x5f;
const PUSH32 = 0x7f;
const DUP1 = 0x80;
const SWAP16 = 0x9f;
/** LT, GT, SLT, SGT, EQ, XOR, SUB: with one of these a compiler decides where a selector goes. */
const COMPARISONS = new Set([0x10, 0x11, 0x12, 0x13, 0x14, 0x18, 0x03]);

export interface CodeConstants {
  /** Four-byte constants that are compared with something: what a dispatcher is made of. */
  readonly selectors: ReadonlySet<Hex>;
  /** 32-byte constants: topics of events, among others. */
  readonly words: ReadonlySet<Hex>;
}

/** Reads the constants of runtime code. A selector that is only sent, to another contract, is not compared. */
export function constantsIn(code: Hex): CodeConstants {
  const bytes = Buffer.from(code.slice(2), "hex");
  const selectors = new Set<Hex>();
  const words = new Set<Hex>();
  for (let at = 0; at < bytes.length; at++) {
    const opcode = bytes[at] ?? 0;
    if (opcode <= PUSH0 || opcode > PUSH32) continue;
    const length = opcode - PUSH0;
    const constant = bytes.subarray(at + 1, at + 1 + length).toString("hex");
    at += length;
    // A compiler leaves leading zeros out.
    if (length <= 4 && isCompared(bytes, at + 1)) selectors.add(`0x${constant.padStart(8, "0")}`);
    if (length > 4) words.add(`0x${constant.padStart(64, "0")}`);
  }
  return { selectors, words };
}

/** Whether the next instruction that is not about the order of the stack compares. */
function isCompared(bytes: Uint8Array, start: number): boolean {
  let at = start;
  while (DUP1 <= (bytes[at] ?? 0) && (bytes[at] ?? 0) <= SWAP16) at++;
  return COMPARISONS.has(bytes[at] ?? 0);
}
