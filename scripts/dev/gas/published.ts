/**
 * What others' iNFTs use for the same, in gas: measured without proxies, with descriptions of 32 characters and sealed keys of
 * 129 bytes, to a recipient who holds a token already unless it says otherwise.
 *
 * AgentNFT: github.com/0gfoundation/0g-agent-nft of February 2026; AgenticID: github.com/0gfoundation/0g-agentic-id of August
 * 2026; Final: the reference contracts in the text of ERC-7857. Measured on Hardhat's EVM, cancun. The floor is
 * OpenZeppelin's plain ERC-721, measured by this script.
 */
export const PUBLISHED: Readonly<Record<string, { agentNft?: bigint; agenticId?: bigint; final?: bigint }>> = {
  "deploy token and verifier": { agentNft: 8_330_000n, agenticId: 7_080_000n, final: 7_020_000n },
  "mint 1, new description": { agentNft: 162_176n, agenticId: 379_661n, final: 144_839n },
  "mint 1, new description, new holder": { agentNft: 181_776n, agenticId: 396_749n, final: 144_839n },
  "mint 3, new descriptions": { agentNft: 304_848n, agenticId: 810_216n, final: 282_783n },
  "iTransfer 1": { agentNft: 245_152n, agenticId: 241_901n, final: 235_591n },
  "iTransfer 1, new holder": { agentNft: 262_252n, agenticId: 278_901n, final: 235_591n },
  "iTransfer 3": { agentNft: 592_667n, agenticId: 536_427n, final: 595_847n },
  "iTransfer 1, 98 users": { agentNft: 1_113_227n, agenticId: 1_132_851n, final: 235_591n },
  "iClone 1": { agentNft: 360_362n, agenticId: 516_614n, final: 343_989n },
  "iClone 3": { agentNft: 848_328n, agenticId: 1_163_680n, final: 828_815n },
  "authorizeUsage, first": { agentNft: 93_580n, agenticId: 96_833n, final: 70_739n },
  "authorizeUsage, 10th": { agentNft: 76_492n, agenticId: 79_745n, final: 76_655n },
  "authorizeUsage, 100th": { agentNft: 76_492n, agenticId: 79_745n, final: 306_695n },
  "revokeAuthorization, middle of 100": { agentNft: 42_986n, agenticId: 45_999n, final: 140_177n },
  "update 1": { agentNft: 50_939n, agenticId: 92_578n, final: 47_458n },
  "update 3": { agentNft: 87_802n, agenticId: 199_408n, final: 83_064n },
};
