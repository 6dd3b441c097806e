/** What `inft transfer` and `inft clone` share: the receiver's side, the attestors' side, and what is kept for the receiver. */

import { randomBytes } from "node:crypto";

import { Wallet } from "ethers";

import { latestBlock } from "../../lib/chain/connect.ts";
import { developmentAccountOf } from "../../lib/chain/development-keys.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { acceptToken } from "../../lib/inft/accept.ts";
import { AccessProofRequiredError } from "../../lib/inft/errors.ts";
import type { AccessProof } from "../../lib/inft/proof-access.ts";
import type { ProofAction } from "../../lib/inft/proof.ts";
import {
  checkAccess,
  prepareHandover,
  readOwnedToken,
  requireOwner,
  type CheckedAccess,
  type Handover,
  type OwnedToken,
} from "../../lib/inft/transfer.ts";
import type { TokenQuery } from "../../lib/inft/show.ts";
import { readAccessProof } from "./access-proof.ts";
import type { TaskIo } from "./action.ts";
import { required, type SpendingArguments } from "./arguments.ts";
import { attestorBorder, attestorsFor } from "./attestors.ts";
import { ciphertextsOf, keepCiphertexts, MOST_FETCHED } from "./ciphertexts.ts";
import type { OpenConnection } from "./connection.ts";
import { decryptionKeys } from "./decryption.ts";
import { locateInft, parseTokenId } from "./inft.ts";
import type { StorageArguments } from "./storing.ts";
import { openWriter, type Writer } from "./write.ts";

export interface HandoverArguments extends SpendingArguments, StorageArguments {
  readonly token: string;
  readonly to: string | undefined;
  readonly accessProof: string | undefined;
  readonly attestor: string | undefined;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

export interface HandoverRequest {
  readonly tokenId: bigint;
  readonly to: Address;
  /** The receiver's side, from the file. */
  readonly given: AccessProof | undefined;
}

/** What was typed, before a network is opened. @throws {UsageError} {@link AccessProofMalformedError} */
export async function parseHandover(args: HandoverArguments, example: string): Promise<HandoverRequest> {
  const tokenId = parseTokenId(required(args.token, "The token id", example));
  const to = parseAddress(required(args.to, "The recipient (--to)", example), "recipient");
  const given = args.accessProof === undefined ? undefined : await readAccessProof(args.accessProof);
  return { tokenId, to, given };
}

/** The signer, and the token as it is once what the signer sent earlier has landed. */
export async function openHandover(
  open: OpenConnection,
  { tokenId }: Pick<HandoverRequest, "tokenId">,
  args: HandoverArguments,
  io: TaskIo,
): Promise<{ writer: Writer; token: OwnedToken; query: TokenQuery }> {
  const { address: inft, fromBlock } = await locateInft(open, args.inft);
  const writer = await openWriter(open, args, io);
  const query = { inft, tokenId, fromBlock };
  return { writer, token: await readOwnedToken(open.read, query), query };
}

export interface CheckedProof extends CheckedAccess {
  readonly proof: AccessProof;
}

/**
 * The receiver's side: checked when it comes from a file, signed here when the receiver is a published account.
 * @param lifetime of a proof that is signed here, in seconds.
 * @throws {AccessProofRequiredError} and what {@link checkAccess} throws.
 */
export async function accessProofFor(
  { network, read }: OpenConnection,
  token: OwnedToken,
  { action, to, given, lifetime }: Omit<HandoverRequest, "tokenId"> & { action: ProofAction; lifetime: bigint },
): Promise<CheckedProof> {
  if (given !== undefined) return { proof: given, ...(await checkAccess(read, token, given, { action, to })) };
  const account = network.developmentKeysOnly ? developmentAccountOf(to) : undefined;
  if (account === undefined) throw new AccessProofRequiredError({ tokenId: token.tokenId, to, action });
  const { timestamp } = await latestBlock(read);
  const signer = new Wallet(account.privateKey);
  return acceptToken(read, { token, action, to, signer, deadline: BigInt(timestamp) + lifetime });
}

/**
 * The attestors' side. The new ciphertexts are kept before it returns: once the token moves, they are all there is.
 * @throws {TokenNotOwnedError} {@link ContentNotHereError} and what {@link prepareHandover} throws.
 */
export async function reencryptFor(
  open: OpenConnection,
  writer: Writer,
  token: OwnedToken,
  access: AccessProof,
  args: Pick<HandoverArguments, "attestor" | "as" | "indexer">,
  io: TaskIo,
): Promise<Handover & { readonly attestors: readonly Address[] }> {
  requireOwner(token, writer.owner);
  const fetching = { attestor: args.attestor, indexer: args.indexer, maxBytes: MOST_FETCHED };
  const ciphertexts = await ciphertextsOf(open, token, fetching, io);
  const attestors = await attestorsFor(open, token.verifier, args.attestor, io);
  for (const { address, kind, url } of attestors) io.log(`attestor ${address} (${kind}) at ${url}`);
  const handover = await prepareHandover(
    { border: attestorBorder(open.network, args.attestor), signal: io.signal },
    {
      token,
      access,
      signer: await open.signer(args.as),
      keys: await decryptionKeys(open, args.as),
      ciphertexts,
      attestors,
      randomBytes,
    },
  );
  await keepCiphertexts(open, handover.newDataHashes, handover.ciphertexts);
  return { ...handover, attestors: attestors.map(({ address }) => address) };
}
