/** Words that several errors share. */

export const DEPLOY_AGAIN = "npx hardhat inft deploy --force";

export function showCommand(tokenId: bigint): string {
  return `npx hardhat inft show ${tokenId}`;
}

export function timeOf(unixSeconds: bigint): string {
  return new Date(Number(unixSeconds) * 1000).toISOString();
}
