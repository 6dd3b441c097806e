import { hexlify, sha256, toUtf8Bytes, type Signer, type Wallet } from "ethers";

import type { network } from "hardhat";

import { deployInftFixture, hashOf, textOf, type Claim } from "./inft-fixture.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

/** {@link deployInftFixture}, with claims of any request and the mints that need no commitment. */
export async function deployClaimsFixture(connection: Connection) {
  const shop = await deployInftFixture(connection);
  const { inft, serving, tee, minterAddress, datas, sealedKeys, ownerAddress } = shop;
  const realErrors = await shop.ethers.getContractAt("IInferenceServing", await serving.getAddress());

  /** A claim of the response to this request, signed by the provider's enclave unless another is named. */
  async function claimOf(request: string, signer: Wallet = tee): Promise<Claim> {
    const requestHash = sha256(toUtf8Bytes(request));
    const signature = await signer.signMessage(textOf(requestHash, hashOf("response")));
    return shop.claim({ requestHash, signature });
  }
  const open = (by: Signer, claim: Claim, to = ownerAddress) =>
    inft.connect(by).mintInferenceOpen(claim, datas, sealedKeys, to);
  /** Shows `request`, in which the user is said to stand at `offset`. */
  async function bound(by: Signer, request: string, offset: bigint | number, claim?: Claim, to = ownerAddress) {
    const shown = hexlify(toUtf8Bytes(request));
    const claimed = claim ?? (await claimOf(request));
    return inft.connect(by).mintInferenceBound(claimed, datas, sealedKeys, to, shown, offset);
  }
  const idOfClaim = ({ provider, requestHash, responseHash }: Claim) =>
    inft.inferenceId(provider, tee.address, requestHash, responseHash);
  const provenanceOf = ({ provider, requestHash, responseHash, signature }: Claim) => ({
    provider,
    teeSigner: tee.address,
    requestHash,
    responseHash,
    signature,
  });
  const recordOf = (claim: Claim) => Object.values(provenanceOf(claim));
  /** The member by which a request names the minter. */
  const member = `"user":"${minterAddress.toLowerCase()}"`;
  return { ...shop, realErrors, claimOf, open, bound, idOfClaim, provenanceOf, recordOf, member };
}
