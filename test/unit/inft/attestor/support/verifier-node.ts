import type { Provider } from "ethers";

import type { ReadContext } from "../../../../../lib/chain/context.ts";
import type { Address } from "../../../../../lib/hex.ts";
import { verifierInterface } from "../../../../../lib/inft/contracts.ts";
import { networkNamed } from "../../../../../lib/networks.ts";
import { NOW } from "./attestation.ts";

/** How a verifier lists an attestor; active unless told otherwise. */
export interface Listing {
  readonly address: Address;
  readonly activeFrom?: bigint;
  readonly validUntil?: bigint;
  readonly endpoint?: string;
}

/** A node on which every contract is a verifier with this set. */
export function verifierNode(threshold: number, listings: readonly Listing[]): ReadContext {
  const set = verifierInterface();
  const call = async ({ data }: { data: string }): Promise<string> => {
    const parsed = set.parseTransaction({ data });
    if (parsed === null) throw new Error(`unexpected call ${data}`);
    const [asked] = parsed.args.toArray() as unknown[];
    const listed = listings.find(({ address }) => address === asked);
    const answers: Readonly<Record<string, readonly unknown[]>> = {
      threshold: [threshold],
      ROTATION_DELAY: [86_400],
      attestors: [listings.map(({ address }) => address)],
      attestorOf: [listed?.activeFrom ?? NOW - 1n, listed?.validUntil ?? NOW + 1n, listed?.endpoint ?? ""],
    };
    return Promise.resolve(set.encodeFunctionResult(parsed.name, answers[parsed.name]));
  };
  const getBlock = async () => Promise.resolve({ timestamp: Number(NOW) });
  return { network: networkNamed("default"), provider: { call, getBlock } as unknown as Provider };
}
