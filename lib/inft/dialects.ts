/**
 * The dialects in which contracts offer ERC-7857, and the standards around it, as their clients call them. Written as
 * signatures only: selectors, topics and ERC-165 ids are computed. Each is explained in docs/dialects.md.
 */

import { EventFragment, FunctionFragment } from "ethers";

import type { Hex } from "../hex.ts";
import { dialectsInterface } from "./contracts.ts";

export const DIALECT_IDS = [
  "final",
  "agentnft",
  "agenticid",
  "docs-draft",
  "go-agent",
  "erc721",
  "erc721-metadata",
  "erc2981",
  "erc4906",
] as const;
export type DialectId = (typeof DIALECT_IDS)[number];

/** A function or event with the four or 32 bytes it is known by. */
export interface Known<Fragment> {
  readonly fragment: Fragment;
  /** Canonical, as it is hashed: `approve(address,uint256)`. */
  readonly signature: string;
  /** Selector or topic. */
  readonly id: Hex;
}

/** An ERC-165 id and the name of the interface it stands for. */
export interface InterfaceId {
  readonly name: string;
  readonly id: Hex;
  /** The standard demands that it is announced, so that without it the dialect is not spoken. */
  readonly required: boolean;
}

export interface Dialect {
  readonly id: DialectId;
  readonly title: string;
  readonly functions: readonly Known<FunctionFragment>[];
  readonly events: readonly Known<EventFragment>[];
  readonly interfaces: readonly InterfaceId[];
}

interface Source {
  readonly title: string;
  readonly functions: readonly string[];
  readonly events: readonly string[];
  /** Each by the names of the functions it consists of, or by an id that no functions make. */
  readonly interfaces?: Readonly<Record<string, { of: readonly string[] | Hex; required?: true }>>;
}

const DATA = "(string dataDescription, bytes32 dataHash)[] datas";
const FINAL_PROOFS = `((bytes32 oldDataHash, bytes32 newDataHash, bytes nonce, bytes encryptedPubKey, bytes proof) accessProof,
  (uint8 oracleType, bytes32 oldDataHash, bytes32 newDataHash, bytes sealedKey, bytes encryptedPubKey, bytes nonce,
   bytes proof) ownershipProof)[] proofs`;
const AGENTNFT_PROOFS = `((bytes32 dataHash, bytes targetPubkey, bytes nonce, bytes proof) accessProof,
  (uint8 oracleType, bytes32 dataHash, bytes sealedKey, bytes targetPubkey, bytes nonce, bytes proof) ownershipProof)[]
  proofs`;
const AGENTICID_PROOFS = `((bytes32 dataHash, bytes targetPubkey, bytes nonce, uint256 deadline, bytes proof) accessProof,
  (uint8 oracleType, bytes32 dataHash, bytes sealedKey, bytes targetPubkey, bytes nonce, uint256 deadline, bytes proof)
   ownershipProof)[] proofs`;
const METADATA = "(string metadataKey, bytes metadataValue)[] metadata";

const OWNER_OF = "function ownerOf(uint256 tokenId) view returns (address)";
const NAME_AND_SYMBOL = ["function name() view returns (string)", "function symbol() view returns (string)"];
const TRANSFER_EVENT = "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)";
const APPROVAL_FUNCTIONS = [
  "function approve(address to, uint256 tokenId)",
  "function setApprovalForAll(address operator, bool approved)",
  "function getApproved(uint256 tokenId) view returns (address)",
  "function isApprovedForAll(address owner, address operator) view returns (bool)",
];
const APPROVAL_EVENTS = [
  "event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)",
  "event ApprovalForAll(address indexed owner, address indexed operator, bool approved)",
];
const AUTHORIZE_FUNCTIONS = [
  "function authorizeUsage(uint256 tokenId, address user)",
  "function revokeAuthorization(uint256 tokenId, address user)",
  "function authorizedUsersOf(uint256 tokenId) view returns (address[])",
];
const AUTHORIZE_EVENTS = [
  "event Authorization(address indexed from, address indexed to, uint256 indexed tokenId)",
  "event AuthorizationRevoked(address indexed from, address indexed to, uint256 indexed tokenId)",
];
const DELEGATE_FUNCTIONS = [
  "function delegateAccess(address assistant)",
  "function getDelegateAccess(address user) view returns (address)",
];
const VERIFIER = "function verifier() view returns (address)";
const INTELLIGENT_DATAS = `function intelligentDatasOf(uint256 tokenId) view returns (${DATA})`;
const BATCH = [
  "function batchAuthorizeUsage(uint256 tokenId, address[] users)",
  "function clearAuthorizedUsers(uint256 tokenId)",
];
const FINAL_SHARED_EVENTS = [
  "event Cloned(uint256 indexed tokenId, uint256 indexed newTokenId, address from, address to)",
  "event PublishedSealedKey(address indexed to, uint256 indexed tokenId, bytes[] sealedKeys)",
  "event DelegateAccess(address indexed user, address indexed assistant)",
];

const SOURCES: Readonly<Record<DialectId, Source>> = {
  // ERC-7857, status Final: interfaces IERC7857 and IERC7857Metadata.
  final: {
    title: "ERC-7857 Final",
    functions: [
      VERIFIER,
      `function iTransfer(address to, uint256 tokenId, ${FINAL_PROOFS})`,
      `function iClone(address to, uint256 tokenId, ${FINAL_PROOFS}) returns (uint256 newTokenId)`,
      ...AUTHORIZE_FUNCTIONS,
      ...DELEGATE_FUNCTIONS,
      OWNER_OF,
      ...APPROVAL_FUNCTIONS,
      ...NAME_AND_SYMBOL,
      `function intelligentDataOf(uint256 tokenId) view returns (${DATA})`,
    ],
    events: [
      ...APPROVAL_EVENTS,
      ...AUTHORIZE_EVENTS,
      "event Transferred(uint256 tokenId, address indexed from, address indexed to)",
      ...FINAL_SHARED_EVENTS,
    ],
    interfaces: {
      IERC7857: {
        of: [
          "verifier",
          "iTransfer",
          "iClone",
          "authorizeUsage",
          "revokeAuthorization",
          "approve",
          "setApprovalForAll",
          "delegateAccess",
          "ownerOf",
          "authorizedUsersOf",
          "getApproved",
          "isApprovedForAll",
          "getDelegateAccess",
        ],
      },
      IERC7857Metadata: { of: ["name", "symbol", "intelligentDataOf"] },
    },
  },

  // github.com/0gfoundation/0g-agent-nft, contracts/AgentNFT.sol: what clients call, without its administration.
  agentnft: {
    title: "0G AgentNFT",
    functions: [
      VERIFIER,
      `function mint(${DATA}, address to) payable returns (uint256 tokenId)`,
      `function update(uint256 tokenId, ${DATA})`,
      `function iTransferFrom(address from, address to, uint256 tokenId, ${AGENTNFT_PROOFS})`,
      `function iCloneFrom(address from, address to, uint256 tokenId, ${AGENTNFT_PROOFS}) returns (uint256 newTokenId)`,
      INTELLIGENT_DATAS,
      ...AUTHORIZE_FUNCTIONS,
      ...BATCH,
      ...DELEGATE_FUNCTIONS,
    ],
    events: [
      ...AUTHORIZE_EVENTS,
      ...FINAL_SHARED_EVENTS,
      `event Updated(uint256 indexed tokenId, (string dataDescription, bytes32 dataHash)[] oldDatas, ${DATA})`,
    ],
    interfaces: {
      IERC7857: { of: ["verifier", "iTransferFrom", "delegateAccess", "getDelegateAccess"] },
      IERC7857Metadata: { of: ["intelligentDatasOf"] },
      IERC7857Authorize: { of: ["authorizeUsage", "revokeAuthorization", "authorizedUsersOf"] },
      IERC7857Cloneable: { of: ["iCloneFrom"] },
    },
  },

  // github.com/0gfoundation/0g-agentic-id, contracts/src: its ERC-7857 part, without the registry of ERC-8004.
  agenticid: {
    title: "0G AgenticID",
    functions: [
      VERIFIER,
      `function register(string agentURI, ${METADATA}, ${DATA}, bytes[] sealedKeys) returns (uint256 agentId)`,
      `function registerWithSeal(address to, string agentURI, ${METADATA}, ${DATA}, bytes[] sealedKeys, address agentSeal, bytes32 sealId) returns (uint256 agentId)`,
      `function update(uint256 tokenId, ${DATA}, bytes[] sealedKeys)`,
      "function updateAt(uint256 tokenId, uint256 index, (string dataDescription, bytes32 dataHash) data, bytes sealedKey)",
      `function iTransferFrom(address from, address to, uint256 tokenId, ${AGENTICID_PROOFS})`,
      `function iCloneFrom(address from, address to, uint256 tokenId, ${AGENTICID_PROOFS}) returns (uint256 newTokenId)`,
      INTELLIGENT_DATAS,
      "function sealedKeysOf(uint256 tokenId) view returns (bytes[])",
      "function getAgentSeal(uint256 agentId) view returns (address)",
      "function getSealId(uint256 agentId) view returns (bytes32)",
      "function getAgentIdBySealId(bytes32 sealId) view returns (uint256)",
      ...AUTHORIZE_FUNCTIONS,
      ...BATCH,
      "function setAccessDelegate(address delegate)",
      "function getAccessDelegate(address user) view returns (address)",
    ],
    events: [],
    interfaces: {
      IERC7857: { of: ["verifier", "iTransferFrom"] },
      IERC7857Metadata: { of: ["intelligentDatasOf"] },
      IERC7857Authorize: {
        of: [
          "authorizeUsage",
          "revokeAuthorization",
          "authorizedUsersOf",
          "batchAuthorizeUsage",
          "clearAuthorizedUsers",
        ],
      },
      IERC7857Cloneable: { of: ["iCloneFrom"] },
      IERC7857Delegate: { of: ["setAccessDelegate", "getAccessDelegate"] },
      IERC7857Updatable: { of: ["update", "updateAt"] },
    },
  },

  // docs.0g.ai, "Integration Guide" and "ERC-7857: Technical Standard": what most small contracts copied.
  "docs-draft": {
    title: "draft of docs.0g.ai",
    functions: [
      "function mint(address to, string encryptedURI, bytes32 metadataHash) returns (uint256 tokenId)",
      "function transfer(address from, address to, uint256 tokenId, bytes sealedKey, bytes proof)",
      "function clone(address to, uint256 tokenId, bytes sealedKey, bytes proof) returns (uint256 newTokenId)",
      "function authorizeUsage(uint256 tokenId, address executor, bytes permissions)",
      "function getMetadataHash(uint256 tokenId) view returns (bytes32)",
      "function getEncryptedURI(uint256 tokenId) view returns (string)",
      "function oracle() view returns (address)",
    ],
    events: [
      "event MetadataUpdated(uint256 indexed tokenId, bytes32 newHash)",
      "event UsageAuthorized(uint256 indexed tokenId, address indexed executor)",
    ],
  },

  // The Go inference agent (agent-inference, internal/zerog/inft/minter.go).
  "go-agent": {
    title: "Go inference agent",
    functions: [
      "function mint(address to, string name, string description, bytes encryptedMeta, bytes32 resultHash, string storageRef) returns (uint256 tokenId)",
      "function updateEncryptedMetadata(uint256 tokenId, bytes encryptedMeta)",
      OWNER_OF,
    ],
    events: [TRANSFER_EVENT],
  },

  erc721: {
    title: "ERC-721",
    functions: [
      "function balanceOf(address owner) view returns (uint256)",
      OWNER_OF,
      "function safeTransferFrom(address from, address to, uint256 tokenId, bytes data)",
      "function safeTransferFrom(address from, address to, uint256 tokenId)",
      "function transferFrom(address from, address to, uint256 tokenId)",
      ...APPROVAL_FUNCTIONS,
    ],
    events: [TRANSFER_EVENT, ...APPROVAL_EVENTS],
    interfaces: {
      IERC721: {
        of: [
          "balanceOf",
          "ownerOf",
          "safeTransferFrom",
          "transferFrom",
          "approve",
          "setApprovalForAll",
          "getApproved",
          "isApprovedForAll",
        ],
        required: true,
      },
    },
  },
  "erc721-metadata": {
    title: "ERC-721 Metadata",
    functions: [...NAME_AND_SYMBOL, "function tokenURI(uint256 tokenId) view returns (string)"],
    events: [],
    interfaces: { IERC721Metadata: { of: ["name", "symbol", "tokenURI"], required: true } },
  },
  erc2981: {
    title: "ERC-2981 royalties",
    functions: ["function royaltyInfo(uint256 tokenId, uint256 salePrice) view returns (address, uint256)"],
    events: [],
    interfaces: { IERC2981: { of: ["royaltyInfo"], required: true } },
  },
  // Events only, and an id that the standard chose.
  erc4906: {
    title: "ERC-4906 metadata updates",
    functions: [],
    events: ["event MetadataUpdate(uint256 tokenId)"],
    interfaces: { IERC4906: { of: "0x49064906", required: true } },
  },
};

/** The ERC-165 id of an interface: the XOR of its functions' selectors. */
function interfaceIdOf(functions: readonly Known<FunctionFragment>[], of: readonly string[] | Hex): Hex {
  if (typeof of === "string") return of;
  const xor = functions
    .filter(({ fragment }) => of.includes(fragment.name))
    .reduce((id, { id: selector }) => id ^ BigInt(selector), 0n);
  return `0x${xor.toString(16).padStart(8, "0")}`;
}

function knownFunction(text: string): Known<FunctionFragment> {
  const fragment = FunctionFragment.from(text);
  return { fragment, signature: fragment.format("sighash"), id: fragment.selector as Hex };
}

function dialectOf(id: DialectId, { title, functions, events, interfaces = {} }: Source): Dialect {
  const known = functions.map(knownFunction);
  return {
    id,
    title,
    functions: known,
    events: events.map((text) => {
      const fragment = EventFragment.from(text);
      return { fragment, signature: fragment.format("sighash"), id: fragment.topicHash as Hex };
    }),
    interfaces: Object.entries(interfaces).map(([name, { of, required }]) => ({
      name,
      id: interfaceIdOf(known, of),
      required: required === true,
    })),
  };
}

/** How this project's token says which nonce a proof of AgentNFT's format must carry. AgentNFT itself has nothing like it. */
export function transferNonce(): Known<FunctionFragment> {
  const fragment = dialectsInterface().getFunction("transferNonce");
  if (fragment === null) throw new Error("the ABI of the module has no transferNonce");
  return knownFunction(fragment.format("full"));
}

let dialects: readonly Dialect[] | undefined;

/** Every dialect, parsed on first use. */
export function allDialects(): readonly Dialect[] {
  return (dialects ??= DIALECT_IDS.map((id) => dialectOf(id, SOURCES[id])));
}

/** The functions by which a dialect is told from all others: those that no other has. */
export function ownFunctions(dialect: Dialect): readonly Known<FunctionFragment>[] {
  const others = allDialects().filter(({ id }) => id !== dialect.id);
  return dialect.functions.filter(({ id }) => !others.some((other) => other.functions.some((its) => its.id === id)));
}
