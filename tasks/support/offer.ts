/** A service's terms, as `provider register` and `provider update` take them. */

import { readFile } from "node:fs/promises";

import { UsageError } from "../../lib/errors.ts";
import { parseAddress } from "../../lib/hex.ts";
import type { ServiceOffer } from "../../lib/operator/service.ts";
import { parseAmount } from "../../lib/units.ts";
import { option } from "./arguments.ts";

const PRICE = "0G a unit, such as 150000neuron, or for a million units, such as 0.15/M";

export const OFFER = {
  type: option("type", "What is sold, such as chatbot, text-to-image, speech-to-text"),
  url: option("url", "Where the broker answers"),
  model: option("model", "Name of the model"),
  verifiability: option("verifiability", "How answers are proven, such as TeeML; empty for not at all"),
  inputPrice: option("inputPrice", `Price of input: ${PRICE}`),
  outputPrice: option("outputPrice", `Price of output: ${PRICE}`),
  signer: option("signer", "Address of the TEE's signing key"),
  info: option("info", "JSON file with the rest: topology, tiers, cached tokens (4096 bytes at most)"),
} as const;

export interface OfferArguments {
  readonly type: string | undefined;
  readonly url: string | undefined;
  readonly model: string | undefined;
  readonly verifiability: string | undefined;
  readonly inputPrice: string | undefined;
  readonly outputPrice: string | undefined;
  readonly signer: string | undefined;
  readonly info: string | undefined;
}

const MILLION = 1_000_000n;

/**
 * A price as neuron per unit, exact.
 * @throws {UsageError} when it is no amount, or finer than a neuron per unit.
 */
export function parsePrice(text: string, name: string): bigint {
  const perMillion = /^(.*)\/\s*M\s*$/.exec(text)?.[1];
  if (perMillion === undefined) return parseAmount(text, `--${name}`);
  const price = parseAmount(perMillion, `--${name}`);
  if (price % MILLION === 0n) return price / MILLION;
  throw new UsageError({
    message: `--${name} ${JSON.stringify(text)} is finer than one neuron for a unit`,
    remedy: "Give at most 12 decimals of 0G for a million units.",
    details: { [name]: text },
  });
}

/** What of an offer was given. The address of a provider that another network is meant for is not checked here. */
export async function readOffer(args: OfferArguments): Promise<Partial<ServiceOffer>> {
  const { type, url, model, verifiability, inputPrice, outputPrice, signer, info } = args;
  return {
    ...(type === undefined ? {} : { serviceType: type }),
    ...(url === undefined ? {} : { url }),
    ...(model === undefined ? {} : { model }),
    ...(verifiability === undefined ? {} : { verifiability }),
    ...(inputPrice === undefined ? {} : { inputPrice: parsePrice(inputPrice, "input-price") }),
    ...(outputPrice === undefined ? {} : { outputPrice: parsePrice(outputPrice, "output-price") }),
    ...(signer === undefined ? {} : { teeSignerAddress: parseAddress(signer, "signer") }),
    ...(info === undefined ? {} : { additionalInfo: await readInfo(info) }),
  };
}

/** The file without what makes it pretty: every byte of it is paid for. */
async function readInfo(file: string): Promise<string> {
  try {
    return JSON.stringify(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new UsageError({
      message: `--info ${file} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Give a file with one JSON object.",
      details: { info: file },
      cause: error,
    });
  }
}
