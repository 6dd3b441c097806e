/** What the arguments of a custom error are. They come out of the ABI decoder, so their types are known by name. */

import type { ContractRevertError } from "../../chain/revert.ts";
import type { ZgError } from "../../errors.ts";
import { ZERO_ADDRESS, type Address } from "../../hex.ts";
import { TokenRuleError } from "../errors.ts";

export type Args = Readonly<Record<string, unknown>>;
export type Translation = (args: Args, cause: ContractRevertError) => ZgError;
export type Translations = Readonly<Record<string, Translation>>;

export function text(args: Args, name: string): string {
  return String(args[name]);
}

export function address(args: Args, name: string): Address {
  return args[name] as Address;
}

export function number(args: Args, name: string): bigint {
  return args[name] as bigint;
}

/** An address that the contract leaves zero when there is none, as a field or nothing. */
export function known<Name extends string>(args: Args, name: Name): Partial<Record<Name, Address>> {
  const value = address(args, name);
  return value === ZERO_ADDRESS ? {} : ({ [name]: value } as Record<Name, Address>);
}

/** A rule of the token itself, said in a sentence. */
export function rule(sentence: (args: Args) => string): Translation {
  return (args, cause) => new TokenRuleError({ error: cause.revert.name, sentence: sentence(args), args }, cause);
}
