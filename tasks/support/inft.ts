/** Which iNFT contract and which token a task is about. */

import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { isEphemeral, type Network } from "../../lib/networks.ts";
import { codePattern, type CodePattern, type TrustedCode } from "../../lib/inft/code.ts";
import { inftContract } from "../../lib/inft/contracts.ts";
import { INFT_CONTRACT, MODULE_CONTRACTS, RETURNED_PROOFS } from "../../lib/inft/deploy.ts";
import { locateModules } from "../../lib/inft/genuine.ts";
import { findMints } from "../../lib/inft/find-mints.ts";
import { inftCall } from "../../lib/inft/translate.ts";
import { RecordMismatchError } from "../../lib/inft/errors.ts";
import { codeHashAt, type DeploymentRecord } from "../../lib/inft/records.ts";
import type { TaskIo } from "./action.ts";
import { builtArtifact, readArtifact } from "./artifacts.ts";
import type { OpenConnection } from "./connection.ts";
import { deploymentRecords } from "./stores.ts";
import type { DeployedContract } from "./verify-source.ts";

/** No `--inft` is given, and no contract is recorded for the network. */
export class NoInftRecordedError extends ZgError {
  constructor(network: Network, found: readonly Address[] = []) {
    super({
      code: "ZG_NO_INFT",
      exit: EXIT.precondition,
      message:
        `No iNFT contract is recorded for ${network.name}` +
        (found.length === 0 ? "" : `, and ${found.length} contracts have a token of that id: ${found.join(", ")}`),
      remedy: isEphemeral(network)
        ? "This chain began with the command. Name the network the token is on, such as --network localhost."
        : `Name one with --inft 0x…, or deploy one: npx hardhat inft deploy --network ${network.name}`,
      details: { network: network.name, found },
    });
  }
}

/** What the constructor of the iNFT contract at `inft` deployed. The contracts have been built. */
export async function deployedModules(open: OpenConnection, inft: Address): Promise<readonly DeployedContract[]> {
  const token = codePattern(await readArtifact(open.hre, INFT_CONTRACT));
  const verifier = await inftCall("Reading its verifier", inftContract(inft, open.read.provider).verifier());
  const located = await locateModules(open.read, inft, token, await modulePatterns(open));
  return located.map(({ contractName, address }) => ({
    ...{ contractName, address },
    constructorArguments: contractName === RETURNED_PROOFS ? [verifier] : [],
  }));
}

async function modulePatterns(open: OpenConnection): Promise<Record<string, CodePattern>> {
  const patterns = MODULE_CONTRACTS.map(
    async (name) => [name, codePattern(await readArtifact(open.hre, name))] as const,
  );
  return Object.fromEntries(await Promise.all(patterns));
}

export interface InftLocation {
  readonly address: Address;
  /** The block of its deployment, where the search for its events begins. */
  readonly fromBlock: number;
}

/** For reads: a token whose contract may be found by its id. */
export interface TokenAtHand {
  readonly tokenId: bigint;
  readonly io: Pick<TaskIo, "log">;
}

/**
 * The contract given with `--inft`, else the recorded one. Something stands there: a call to an account without code would
 * succeed and do nothing. On a machine that has no record, a read finds the contract by the id of its token, which of an
 * inference is a hash, where one contract alone minted that id and the node searches its whole chain.
 * @throws {NoInftRecordedError} {@link RecordMismatchError} {@link InftMissingError}
 */
export async function locateInft(
  open: OpenConnection,
  given: string | undefined,
  token?: TokenAtHand,
): Promise<InftLocation> {
  if (given !== undefined) {
    const address = parseAddress(given, "iNFT address");
    await codeHashAt(open.read, address);
    return { address, fromBlock: 0 };
  }
  const record = await deploymentRecords(open.hre, open.read).inft.load();
  if (record !== undefined) return { address: record.address, fromBlock: record.block };
  const mints = token === undefined ? [] : await findMints(open.read, token.tokenId);
  const [mint, ...others] = mints;
  if (mint === undefined || others.length > 0) throw new NoInftRecordedError(open.network, mints);
  token?.io.log(`note: no contract is recorded here; token ${token.tokenId} was minted by ${mint}`);
  return { address: mint, fromBlock: 0 };
}

/**
 * The code of an iNFT contract that is believed on this network: what the sources here compile to, and what was deployed
 * from here earlier, perhaps from older sources. Builds the contracts if they changed.
 */
export async function trustedInftCode(open: OpenConnection, io: Pick<TaskIo, "log">): Promise<readonly TrustedCode[]> {
  const token = codePattern(await builtArtifact(open.hre, INFT_CONTRACT, io));
  const modules = Object.values(await modulePatterns(open));
  const sources = { token, modules, origin: "what the sources here compile to" };
  const record = await fittingRecord(open);
  if (record === undefined) return [sources];
  const { address, codeHash } = record;
  return [sources, { address, codeHash, origin: `what was deployed from here to ${address}` }];
}

/** A record that does not fit the chain vouches for nothing; whoever asked for its contract has been told already. */
async function fittingRecord(open: OpenConnection): Promise<DeploymentRecord | undefined> {
  try {
    return await deploymentRecords(open.hre, open.read).inft.load();
  } catch (error) {
    if (error instanceof RecordMismatchError) return undefined;
    throw error;
  }
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
