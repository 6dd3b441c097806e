/** What a contract has, as far as it can be told from its code and from calls. */

import { id, Interface, type FunctionFragment, type ParamType } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import type { Address, Hex } from "../hex.ts";
import { dialectsInterface } from "./contracts.ts";
import { allDialects, transferNonce } from "./dialects.ts";
import { callStatically, type CallAnswer } from "./lint-call.ts";
import { constantsIn, moduleCode, type CodePiece } from "./lint-code.ts";

export interface Surface {
  /** Whether it has a function of {@link allDialects}, by selector. */
  readonly has: (selector: Hex) => boolean;
  /** Whether its code holds an event's topic. */
  readonly mentions: (topic: Hex) => boolean;
  readonly pieces: readonly CodePiece[];
}

/** No contract has it, so what comes back is what a contract says to a function it lacks. */
const NOBODYS = id("inftLintAsksForAFunctionThatNobodyHas()").slice(0, 10) as Hex;

/** How many calls are under way at once: public nodes refuse more. */
const AT_ONCE = 8;

function anyValue(type: ParamType): unknown {
  if (type.isArray()) return [];
  if (type.isTuple()) return type.components.map(anyValue);
  if (type.type === "address") return "0x000000000000000000000000000000000000dEaD";
  if (type.type === "bool") return false;
  if (type.type === "string") return "";
  if (type.type === "bytes") return "0x";
  if (type.type.startsWith("bytes")) return `0x${"00".repeat(Number(type.type.slice("bytes".length)))}`;
  return 1n;
}

/** A call of a function with arguments of no meaning. */
function anyCall(fragment: FunctionFragment): Hex {
  return new Interface([fragment]).encodeFunctionData(fragment, fragment.inputs.map(anyValue)) as Hex;
}

/** An answer without the selector it was asked with, so that two refusals to know a function compare equal. */
function comparable({ status, data }: CallAnswer, selector: Hex): string {
  return `${status} ${data.replaceAll(selector.slice(2), "selector")}`;
}

/** Finds out which functions of which dialects a contract has: by its code, and by calling each without effect. */
export async function surfaceOf(ctx: ReadContext, contract: Address, pieces: readonly CodePiece[]): Promise<Surface> {
  const unknown = await callStatically(ctx, { to: contract, data: NOBODYS });
  const all = [...pieces, ...(await moduleOf(ctx, contract, unknown))];
  const constants = all.map(({ code }) => constantsIn(code));
  const inCode = (selector: Hex) => constants.some(({ selectors }) => selectors.has(selector));
  // One that says something of its own to a function it lacks, says whether it has one, whatever its code holds.
  const telling = unknown.data !== "0x";
  const has = async (selector: Hex, fragment: FunctionFragment) => {
    const answer = await callStatically(ctx, { to: contract, data: anyCall(fragment) });
    const known = comparable(answer, selector) !== comparable(unknown, NOBODYS);
    return known || (inCode(selector) && !telling);
  };

  const found = new Set<Hex>();
  const functions = [...allDialects().flatMap((dialect) => dialect.functions), transferNonce()];
  const asked = [...new Map(functions.map(({ id: selector, fragment }) => [selector, fragment]))];
  for (let start = 0; start < asked.length; start += AT_ONCE) {
    await Promise.all(
      asked.slice(start, start + AT_ONCE).map(async ([selector, fragment]) => {
        if (await has(selector, fragment)) found.add(selector);
      }),
    );
  }
  return {
    has: (selector) => found.has(selector),
    mentions: (topic) => constants.some(({ words }) => words.has(topic)),
    pieces: all,
  };
}

/** Our INFT hands what it does not know to a module, which says so when it does not know it either. */
async function moduleOf(ctx: ReadContext, contract: Address, unknown: CallAnswer): Promise<CodePiece[]> {
  if (unknown.data !== dialectsInterface().encodeErrorResult("DialectUnknownSelector", [NOBODYS])) return [];
  const module = await moduleCode(ctx, contract);
  return module === undefined ? [] : [module];
}

const ERC165 = new Interface(["function supportsInterface(bytes4 interfaceId) view returns (bool)"]);

/** Whether the contract announces an ERC-165 id; undefined when it does not answer with a boolean. */
export async function announces(ctx: ReadContext, contract: Address, interfaceId: Hex): Promise<boolean | undefined> {
  const data = ERC165.encodeFunctionData("supportsInterface", [interfaceId]) as Hex;
  const answer = await callStatically(ctx, { to: contract, data });
  if (answer.status !== "returned" || !/^0x0{63}[01]$/.test(answer.data)) return undefined;
  return answer.data.endsWith("1");
}
