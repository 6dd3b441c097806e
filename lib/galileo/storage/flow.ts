/** What the embedded network calls of 0G Storage's contracts, and the event its nodes follow. */

import { Interface } from "ethers";

/** Source: FixedPriceFlow and FixedPrice of npm `@0gfoundation/0g-ts-sdk` 1.2.8. */
export const FLOW = new Interface([
  "function initialize(address market, uint256 blocksPerEpoch)",
  "function market() view returns (address)",
  "function submissionIndex() view returns (uint256)",
  "event Submit(address indexed sender, bytes32 indexed identity, uint256 submissionIndex, uint256 startPos, uint256 length, tuple(uint256 size, bytes tags, tuple(bytes32 root, uint256 height)[] nodes) submission)",
]);

export const MARKET = new Interface([
  "function initialize(uint256 pricePerSector, address flow, address reward)",
  "function pricePerSector() view returns (uint256)",
]);
