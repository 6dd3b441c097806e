/** The buyer's side: it signs that it wants a token's data, before anybody re-encrypts them. */

import type { Signer } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import type { Address, Hex } from "../hex.ts";
import { TokenWithoutDataError } from "./errors.ts";
import { openHashes, signAccessProof, type AccessProof } from "./proof-access.ts";
import type { ProofAction } from "./proof.ts";
import { checkAccess, type CheckedAccess, type OwnedToken } from "./transfer.ts";

export interface AcceptParams {
  readonly token: OwnedToken;
  readonly action: ProofAction;
  /** Who receives: the signer, or the account that made the signer its delegate. */
  readonly to: Address;
  /** Unix seconds; the proof holds up to and including it. */
  readonly deadline: bigint;
  /** The 64 bytes X and Y of the key to seal to; absent for the signer's own. */
  readonly sealTo?: Hex;
  readonly signer: Pick<Signer, "signTypedData">;
}

/**
 * Signs the access proof of a token as it is now: good for one transfer or clone of exactly these data, until the
 * deadline or the token's next change. Checks what it signed as the seller will. Sends nothing.
 * @throws {TokenWithoutDataError} {@link AccessProofExpiredError}
 * @throws {AccessProofSignerError} when the signer is neither `to` nor its delegate.
 * @throws {AccessProofKeyError} when the signer is a delegate and no key is given.
 */
export async function acceptToken(
  ctx: ReadContext,
  { token, action, to, deadline, sealTo, signer }: AcceptParams,
): Promise<CheckedAccess & { readonly proof: AccessProof }> {
  const { inft, tokenId, sequence, datas } = token;
  if (datas.length === 0) throw new TokenWithoutDataError({ tokenId });
  const proof = await signAccessProof(
    signer,
    { chainId: ctx.network.chainId, contract: inft },
    {
      action,
      tokenId,
      sequence,
      to,
      oldDataHashes: datas.map(({ dataHash }) => dataHash),
      newDataHashes: openHashes(datas.length),
      encryptedPubKey: sealTo ?? "0x",
      deadline,
    },
  );
  return { proof, ...(await checkAccess(ctx, token, proof, { action, to })) };
}
