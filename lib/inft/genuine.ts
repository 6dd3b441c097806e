/** Whether the contract at an address is this project's iNFT, with the modules it consists of. */

import { keccak256, toBeHex } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { fitsPattern, moduleAddresses, unknownImmutables, type CodePattern, type TrustedCode } from "./code.ts";
import { CONTENT_DESCRIPTION } from "./content.ts";
import { inftContract } from "./contracts.ts";
import { inftCall } from "./translate.ts";

/** So that the royalty of a price of this much is the rate itself. */
const BASIS_POINTS = 10_000n;
/** An address is longer; what is below numbers something. */
const LARGEST_NUMBER = 2n ** 32n;

/** The code at an address; `0x` when there is none. */
export async function codeAt(ctx: ReadContext, address: Address): Promise<Hex> {
  return (await chainCall(`Reading the code at ${address}`, ctx.provider.getCode(address))) as Hex;
}

/** Why the code at `inft` is not the trusted one; undefined when it is. */
export async function whyNotGenuine(
  ctx: ReadContext,
  inft: Address,
  code: Hex,
  trusted: TrustedCode,
): Promise<string | undefined> {
  if ("address" in trusted) {
    const same = trusted.address === inft && trusted.codeHash === keccak256(code);
    return same ? undefined : "another address, or other code";
  }
  if (!fitsPattern(code, trusted.token)) return "other code";
  const { verifier, untold } = await readImmutables(ctx, inft, code, trusted.token);
  const created = moduleAddresses(inft).map(BigInt);
  for (const value of untold) {
    // Nothing is called at zero: a module that this contract needs none of.
    if (value === 0n) continue;
    if (!created.includes(value)) return `it passes calls to ${toBeHex(value)}, which it did not make`;
    const module = checksum(toBeHex(value, 20));
    const moduleCode = await codeAt(ctx, module);
    const pattern = trusted.modules.find((one) => fitsPattern(moduleCode, one));
    if (pattern === undefined) return `other code at its module ${module}`;
    const strange = unknownImmutables(moduleCode, pattern, []).find((one) => one !== value && one !== verifier);
    if (strange !== undefined) return `its module ${module} trusts ${toBeHex(strange)}`;
  }
  return undefined;
}

/**
 * What the constructor filled into genuine code beyond what the contract tells of itself: its modules, and zero in the
 * place of one that it does not need. The code is genuine, so what it tells is true.
 */
async function readImmutables(ctx: ReadContext, inft: Address, code: Hex, pattern: CodePattern) {
  const contract = inftContract(inft, ctx.provider);
  const reading = "Reading what the contract trusts";
  const [serving, verifier, [receiver, basisPoints], schema] = await Promise.all([
    inftCall(reading, contract.inferenceServing()),
    inftCall(reading, contract.verifier()),
    inftCall(reading, contract.royaltyInfo(0n, BASIS_POINTS)),
    inftCall(reading, contract.schemaIdOf([CONTENT_DESCRIPTION])),
  ]);
  const told = [BigInt(serving), BigInt(verifier), BigInt(receiver), basisPoints, schema];
  return { verifier: BigInt(verifier), untold: unknownImmutables(code, pattern, told) };
}

export interface LocatedModule {
  readonly contractName: string;
  readonly address: Address;
}

/** Where the modules of a genuine iNFT contract stand, by the names of their patterns. Reads their code. */
export async function locateModules(
  ctx: ReadContext,
  inft: Address,
  token: CodePattern,
  modules: Readonly<Record<string, CodePattern>>,
): Promise<readonly LocatedModule[]> {
  const { untold } = await readImmutables(ctx, inft, await codeAt(ctx, inft), token);
  const located: LocatedModule[] = [];
  for (const value of untold.filter((one) => one >= LARGEST_NUMBER)) {
    const address = checksum(toBeHex(value, 20));
    const code = await codeAt(ctx, address);
    for (const [contractName, pattern] of Object.entries(modules)) {
      if (fitsPattern(code, pattern)) located.push({ contractName, address });
    }
  }
  return located;
}
