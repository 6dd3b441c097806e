/** Which iNFT contract and which token a task is about. */

import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { isEphemeral, type Network } from "../../lib/networks.ts";
import type { OpenConnection } from "./connection.ts";
import { inftRecords } from "./stores.ts";

/** No `--inft` is given, and no contract is recorded for the network. */
export class NoInftRecordedError extends ZgError {
  constructor(network: Network) {
    super({
      code: "ZG_NO_INFT",
      exit: EXIT.precondition,
      message: `No iNFT contract is recorded for ${network.name}`,
      remedy: isEphemeral(network)
        ? "This chain began with the command. Name the network the token is on, such as --network localhost."
        : `Name one with --inft 0x…, or deploy one: npx hardhat inft deploy --network ${network.name}`,
      details: { network: network.name },
    });
  }
}

export interface InftLocation {
  readonly address: Address;
  /** The block of its deployment, where the search for its events begins. */
  readonly fromBlock: number;
}

/** The contract given with `--inft`, else the recorded one. @throws {NoInftRecordedError} {@link RecordMismatchError} */
export async function locateInft(open: OpenConnection, given: string | undefined): Promise<InftLocation> {
  if (given !== undefined) return { address: parseAddress(given, "iNFT address"), fromBlock: 0 };
  const record = await inftRecords(open.hre, open.read).load();
  if (record === undefined) throw new NoInftRecordedError(open.network);
  return { address: record.address, fromBlock: record.block };
}

/** Parses a token id: decimal, or 0x and hexadecimal. @throws {UsageError} */
export function parseTokenId(text: string): bigint {
  if (/^\d{1,78}$/.test(text) || /^0x[0-9a-fA-F]{1,64}$/.test(text)) {
    const id = BigInt(text);
    if (id < 2n ** 256n) return id;
  }
  throw new UsageError({
    message: `${JSON.stringify(text)} is not a token id`,
    remedy: "Give the decimal number that flow run or inft mint printed.",
    details: { token: text },
  });
}
