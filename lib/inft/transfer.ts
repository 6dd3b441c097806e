/** A token's data changes hands: what its owner reads, checks and sends. */

import type { HttpDeps } from "../compute/provider-http.ts";
import { latestBlock } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { fromHex, type Address, type Hex } from "../hex.ts";
import { openKey, type RandomBytes } from "../sealing/index.ts";
import { accessChain } from "./access-chain.ts";
import { requestReencryption, type FoundAttestor, type ReencryptionParams } from "./attestor/client.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { keyThatOpens, type DecryptionKey } from "./decryption-key.ts";
import {
  requireAccessFor,
  sealingKeyOf,
  verifyAccessProof,
  type AccessProof,
  type AccessSigner,
} from "./proof-access.ts";
import { assembleProofs, type ProofAction, type TransferValidityProof } from "./proof.ts";
import { readToken, type TokenQuery, type TokenView } from "./show.ts";
import { KeysNotPublishedError, TokenNotOwnedError, TokenWithoutDataError } from "./errors.ts";
import { inftCall } from "./translate.ts";

/** A token whose owner may hand its data over. */
export interface OwnedToken extends TokenView {
  /** Counts transfers, clones and updates; proofs are for one of them. */
  readonly sequence: bigint;
  readonly verifier: Address;
}

/** Reads a token with the sequence its proofs must name. */
export async function readOwnedToken(ctx: ReadContext, query: TokenQuery): Promise<OwnedToken> {
  const contract = inftContract(query.inft, ctx.provider);
  const reading = `Reading the state of token ${query.tokenId}`;
  // The sequence first: data that changed in between then do not fit it, and the contract refuses them.
  const { sequence } = await inftCall(reading, contract.tokenStateOf(query.tokenId));
  const [token, verifier] = await Promise.all([readToken(ctx, query), inftCall(reading, contract.verifier())]);
  return { ...token, sequence, verifier: verifier as Address };
}

/** @throws {TokenNotOwnedError} when `signer` is not the owner. */
export function requireOwner({ tokenId, owner }: Pick<TokenView, "tokenId" | "owner">, signer: Address): void {
  if (owner !== signer) throw new TokenNotOwnedError({ tokenId, owner, signer });
}

/**
 * Opens the data keys that were sealed to the owner. The caller wipes them.
 * @throws {TokenWithoutDataError} {@link KeysNotPublishedError} {@link SealedToAnotherKeyError}
 */
export function openDataKeys(token: TokenView, keys: readonly DecryptionKey[]): Uint8Array[] {
  const { tokenId, owner, datas, sealedKeys, sealedTo } = token;
  if (datas.length === 0) throw new TokenWithoutDataError({ tokenId });
  if (sealedKeys?.length !== datas.length || sealedTo !== owner) {
    throw new KeysNotPublishedError({ tokenId, owner, ...(sealedTo === undefined ? {} : { sealedTo }) });
  }
  return sealedKeys.map((sealedKey, index) => {
    const { privateKey } = keyThatOpens(token, { index, sealedKey }, keys);
    return openKey(fromHex(sealedKey), privateKey);
  });
}

/** What a checked access proof says. */
export interface CheckedAccess {
  readonly by: AccessSigner;
  /** The 64 bytes X and Y of the key the data will be sealed to. */
  readonly sealTo: Hex;
}

/**
 * Checks the receiver's side completely: chain, contract, token, sequence, action, recipient, hashes, deadline, and the
 * signature of the recipient or its delegate. Reads the latest block's time; the delegate only when it is needed.
 * @throws {AccessProofMismatchError} {@link AccessProofExpiredError} {@link AccessProofSignerError}
 * @throws {AccessProofKeyError}
 */
export async function checkAccess(
  ctx: ReadContext,
  token: OwnedToken,
  proof: AccessProof,
  { action, to }: { readonly action: ProofAction; readonly to: Address },
): Promise<CheckedAccess> {
  const { inft, tokenId, sequence, datas } = token;
  const oldDataHashes = datas.map(({ dataHash }) => dataHash);
  const { timestamp } = await latestBlock(ctx);
  const place = { chainId: ctx.network.chainId, contract: inft };
  requireAccessFor(proof, { ...place, action, tokenId, sequence, to, oldDataHashes }, BigInt(timestamp));
  const by = await verifyAccessProof(proof, accessChain(ctx, inft));
  return { by, sealTo: sealingKeyOf(proof) };
}

export interface HandoverParams {
  readonly token: OwnedToken;
  /** Checked already: {@link checkAccess}. */
  readonly access: AccessProof;
  /** The owner. */
  readonly signer: ReencryptionParams["signer"];
  /** Those that may open the data: the owner's, and its encryption key if that is apart. */
  readonly keys: readonly DecryptionKey[];
  /** One a datum. */
  readonly ciphertexts: readonly Uint8Array[];
  /** As many as the verifier demands. */
  readonly attestors: readonly FoundAttestor[];
  readonly randomBytes: RandomBytes;
}

/** Everything a transfer, a clone or a staged transfer sends, and what its receiver will need. */
export interface Handover {
  readonly proofs: readonly TransferValidityProof[];
  readonly newDataHashes: readonly Hex[];
  /** To be kept under the new hashes before anything is sent. */
  readonly ciphertexts: readonly Uint8Array[];
}

/**
 * Has a token's data re-encrypted for the receiver of an access proof: opens the owner's keys, seals them to the
 * attestors, and checks what comes back. Sends nothing to the chain and uses up nothing: run again, it asks again.
 * @throws what {@link openDataKeys} and {@link requestReencryption} throw.
 */
export async function prepareHandover(deps: HttpDeps, params: HandoverParams): Promise<Handover> {
  const { token, access, keys, ...asking } = params;
  const dataKeys = openDataKeys(token, keys);
  try {
    const { ownership, ciphertexts } = await requestReencryption(deps, { ...asking, access, dataKeys });
    const { newDataHashes } = ownership;
    return { proofs: assembleProofs(access, ownership), newDataHashes, ciphertexts };
  } finally {
    for (const key of dataKeys) key.fill(0);
  }
}

/** The transaction that transfers a token with its data. */
export function tokenTransferDraft(
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
  to: Address,
  proofs: readonly TransferValidityProof[],
): TransactionDraft {
  const data = inftInterface().encodeFunctionData("iTransfer", [to, tokenId, proofs]) as Hex;
  return { what: `transfer token ${tokenId} to ${to}`, to: inft, data };
}

/** The transaction that transfers a token without data: plain ERC-721. */
export function plainTransferDraft(
  { inft, tokenId, owner }: Pick<TokenView, "inft" | "tokenId" | "owner">,
  to: Address,
): TransactionDraft {
  const name = "safeTransferFrom(address,address,uint256)";
  const data = inftInterface().encodeFunctionData(name, [owner, to, tokenId]) as Hex;
  return { what: `transfer token ${tokenId} to ${to}`, to: inft, data };
}
