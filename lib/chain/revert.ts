/** What a contract said when it refused: custom errors decoded by selector, whoever wrapped them. */

import { AbiCoder, Interface, isError, type ErrorFragment, type ParamType, type Result } from "ethers";

import { EXIT, ZgError } from "../errors.ts";
import { isHex, type Hex } from "../hex.ts";
import { INTERFACES } from "./contracts.ts";

export interface Revert {
  /** Name of the custom error; `Error` for a reason string, `Panic` for a panic, `unknown` for an unknown selector. */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly data: Hex;
}

const STRING_REASON = "0x08c379a0";
const PANIC = "0x4e487b71";

/** What the stand-ins for 0G's precompiles on the embedded network revert with (lib/galileo/precompiles.ts). */
export const PRECOMPILE_ERROR = "error PrecompileOnlyOnLiveChain(address precompile)";

let errorsBySelector: Map<string, ErrorFragment> | undefined;

/** Adds a contract's custom errors to those {@link decodeRevert} knows. */
export function registerErrors(...interfaces: readonly Interface[]): void {
  const known = knownErrors();
  for (const abi of interfaces) {
    abi.forEachError((fragment) => {
      known.set(fragment.selector, fragment);
    });
  }
}

function knownErrors(): Map<string, ErrorFragment> {
  if (errorsBySelector === undefined) {
    errorsBySelector = new Map();
    registerErrors(new Interface([PRECOMPILE_ERROR]), ...Object.values(INTERFACES).map((abi) => abi()));
  }
  return errorsBySelector;
}

/**
 * Decodes revert data. Overloaded names (`LimitTooLarge`) stay apart because the selector decides. Never throws: any
 * contract can revert with anything, so that data which only begins like a known error is `unknown`.
 */
export function decodeRevert(data: Hex): Revert {
  const selector = data.slice(0, 10);
  const body = `0x${data.slice(10)}`;
  const unknown: Revert = { name: "unknown", args: {}, data };
  if (selector === STRING_REASON || selector === PANIC) {
    const values = decoded([selector === PANIC ? "uint256" : "string"], body);
    if (values === undefined) return unknown;
    return selector === PANIC
      ? { name: "Panic", args: { panic: values[0] }, data }
      : { name: "Error", args: { reason: values[0] }, data };
  }
  const fragment = knownErrors().get(selector);
  const values = fragment === undefined ? undefined : decoded(fragment.inputs, body);
  if (fragment === undefined || values === undefined) return unknown;
  const args = Object.fromEntries(fragment.inputs.map((input, i) => [input.name, values[i] as unknown]));
  return { name: fragment.name, args, data };
}

/** Undefined for bytes that hold no such values: nothing else makes this fail, and ethers gives it no one code. */
function decoded(types: readonly (string | ParamType)[], body: string): Result | undefined {
  try {
    const values = AbiCoder.defaultAbiCoder().decode(types, body);
    values.toArray(true); // of a value that it could not decode ethers tells when it is asked for
    return values;
  } catch {
    return undefined;
  }
}

/** Finds revert data in whatever ethers, Hardhat or an RPC node wrapped around it. */
export function revertDataOf(error: unknown, depth = 0): Hex | undefined {
  if (typeof error !== "object" || error === null || depth > 6) return undefined;
  const { data, error: inner, info, cause } = error as Record<"data" | "error" | "info" | "cause", unknown>;
  if (isHex(data) && data.length >= 10) return data;
  for (const nested of [data, inner, info, cause]) {
    const found = revertDataOf(nested, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** JSON-RPC's own code for a call that was run and reverted, whatever it said. Source: execution-apis, eth_call. */
const EXECUTION_REVERTED = 3;
/**
 * What go-ethereum, which 0G's nodes are built on, answers where nothing was said: its code for everything that went wrong,
 * so that only these words tell it from an outage. Source: go-ethereum, core/vm/errors.go and internal/ethapi.
 */
const REVERTED_WITHOUT_A_WORD = { code: -32000, message: "execution reverted" };

function revertedWithoutData(error: unknown): boolean {
  if (isError(error, "CALL_EXCEPTION")) return true;
  if (typeof error !== "object" || error === null) return false;
  const { code, message } = error as Record<"code" | "message", unknown>;
  const silent = REVERTED_WITHOUT_A_WORD;
  return code === EXECUTION_REVERTED || (code === silent.code && message === silent.message);
}

function printable(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
}

/** A contract refused, and no domain has translated why. */
export class ContractRevertError extends ZgError {
  readonly revert: Revert;

  constructor(what: string, revert: Revert, cause?: unknown) {
    const said = printable(revert.args);
    super({
      code: "ZG_REVERTED",
      exit: EXIT.precondition,
      message: `${what} was refused by the contract: ${revert.name}${said === "" ? "" : ` (${said})`}`,
      remedy: "See docs/errors.md for this contract error; `npx hardhat doctor` checks the account and the network.",
      details: { what, error: revert.name, args: revert.args, data: revert.data },
      cause,
    });
    this.revert = revert;
  }
}

/** 0G's precompiled contracts run inside the live chain's node software; the embedded network has none. */
export class PrecompileOnlyOnLiveChainError extends ZgError {
  constructor(precompile: unknown, cause?: unknown) {
    super({
      code: "ZG_PRECOMPILE",
      exit: EXIT.precondition,
      message: `0G's precompile ${String(precompile)} exists only on the live chain, not on the embedded Galileo`,
      remedy: "Run this call with --network galileo.",
      details: { precompile },
      cause,
    });
  }
}

/** The RPC node did not answer, or answered something that is no answer. Says nothing about the state of the chain. */
export class RpcUnreachableError extends ZgError {
  constructor(what: string, cause: unknown) {
    super({
      code: "ZG_RPC",
      exit: EXIT.network,
      message: `${what} failed: ${cause instanceof Error ? firstLine(cause.message) : String(cause)}`,
      remedy: "Check the RPC address (`npx hardhat doctor` shows the one in use) and run the command again.",
      details: { what },
      cause,
    });
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.slice(0, 300) ?? "";
}

/** Turns what a failed call threw into one of this project's errors. Ours pass through untouched. */
export function asChainError(what: string, error: unknown): ZgError {
  if (error instanceof ZgError) return error;
  const data = revertDataOf(error);
  if (data !== undefined) {
    const revert = decodeRevert(data);
    if (revert.name === "PrecompileOnlyOnLiveChain")
      return new PrecompileOnlyOnLiveChainError(revert.args["precompile"], error);
    return new ContractRevertError(what, revert, error);
  }
  if (revertedWithoutData(error)) {
    return new ContractRevertError(what, { name: "reverted without data", args: {}, data: "0x" }, error);
  }
  return new RpcUnreachableError(what, error);
}

/**
 * Awaits a chain call and gives its failure a class.
 * @throws {ContractRevertError} when the contract refused.
 * @throws {RpcUnreachableError} when no answer came.
 */
export async function chainCall<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw asChainError(what, error);
  }
}

/** Whether `error` is the contract's own refusal by this name. The only way to read "absent": an outage is not one. */
export function isRevert(error: unknown, name: string): error is ContractRevertError {
  return error instanceof ContractRevertError && error.revert.name === name;
}
