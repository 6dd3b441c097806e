/** Zod schemas for hexadecimal values in documents from outside. Apart from `hex.ts`, which everything imports. */

import { getAddress, isAddress } from "ethers";
import { z } from "zod";

import type { Address, Hex } from "./hex.ts";

/** An address in any casing whose checksum (if mixed) is right; comes out in its EIP-55 form. */
export const addressSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, { error: "not an address", abort: true }) // a form that JSON Schema can say, too
  .refine((text) => isAddress(text), "not an address")
  .transform((text) => getAddress(text) as Address);

/** 32 bytes, lower case. */
export const hashSchema = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, "not 32 bytes")
  .transform((text) => text as Hex);
