import { expect } from "chai";
import type { Provider } from "ethers";

import type { ReadContext } from "../../../lib/chain/context.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { fromHex, toHex, ZERO_ADDRESS, type Address, type Hex } from "../../../lib/hex.ts";
import { dialectsInterface, inftInterface } from "../../../lib/inft/contracts.ts";
import { readSealingAccount } from "../../../lib/inft/sealing-account.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { publicKey64, publicKeyOf } from "../../../lib/sealing/index.ts";

const INFT: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const TOKEN = 7n;
const OWNER = developmentAccount(1).address;
const SELLER = developmentAccount(0).address;
const KEY = developmentAccount(2);
const PUBLIC_KEY = toHex(publicKey64(publicKeyOf(fromHex(KEY.privateKey))));
const NOTHING = `0x${"00".repeat(32)}`;

const hash = (number: number): Hex => `0x${number.toString(16).padStart(64, "0")}`;
const [TRANSFER, STAGING] = [hash(1), hash(2)];

const proof = (key: Hex) => ({
  accessProof: { oldDataHash: NOTHING, newDataHash: NOTHING, nonce: "0x", encryptedPubKey: "0x", proof: "0x" },
  ownershipProof: {
    ...{ oracleType: 0, oldDataHash: NOTHING, newDataHash: NOTHING, sealedKey: "0x01" },
    ...{ encryptedPubKey: key, nonce: "0x", proof: "0x" },
  },
});
const final = (name: string, values: readonly unknown[]) => inftInterface().encodeFunctionData(name, values) as Hex;
const withProofs = (name: string, key = PUBLIC_KEY) => final(name, [OWNER, TOKEN, [proof(key)]]);
const plainTransfer = final("transferFrom", [SELLER, OWNER, TOKEN]);

describe("the key that a token's data keys were sealed to", () => {
  /** A chain where these transactions happened; the first published the keys, the second, if any, staged them. */
  function chain(
    data: readonly Hex[],
    { to = INFT, stagedFor = OWNER }: { readonly to?: Address | null; readonly stagedFor?: Address } = {},
  ): ReadContext {
    const event = (name: string, values: readonly unknown[], block: number, transactionHash: Hex) => ({
      ...inftInterface().encodeEventLog(name, values),
      ...{ address: INFT, blockNumber: block, index: 0, transactionHash },
    });
    const logs = [
      ...(data.length > 1 ? [event("TransferStaged", [TOKEN, stagedFor, 9n], 1, STAGING)] : []),
      ...(data.length > 0 ? [event("PublishedSealedKey", [OWNER, TOKEN, ["0x01"]], 2, TRANSFER)] : []),
    ];
    const [transfer, staging] = data;
    const provider = {
      getBlockNumber: async () => Promise.resolve(9),
      getLogs: async ({ topics: [wanted] }: { topics: readonly (readonly string[])[] }) =>
        Promise.resolve(logs.filter(({ topics }) => wanted?.includes(topics[0] ?? ""))),
      getTransaction: async (wanted: Hex) => {
        const found = wanted === TRANSFER ? transfer : staging;
        return Promise.resolve(found === undefined ? null : { to, data: found, value: 0n });
      },
    } as unknown as Provider;
    return { network: networkNamed("localhost"), provider };
  }
  const read = async (ctx: ReadContext) => readSealingAccount(ctx, { inft: INFT, tokenId: TOKEN });

  for (const name of ["iTransfer", "iClone"]) {
    it(`is the one that the attestors named in the proofs of ${name}`, async () => {
      expect(await read(chain([withProofs(name)]))).to.equal(KEY.address);
    });
  }

  it("is found in a batch, among the proofs of that token", async () => {
    const other = toHex(publicKey64(publicKeyOf(fromHex(developmentAccount(5).privateKey))));
    const items = [
      { to: OWNER, tokenId: 6n, proofs: [proof(other)] },
      { to: OWNER, tokenId: TOKEN, proofs: [proof(PUBLIC_KEY)] },
    ];
    expect(await read(chain([final("iTransferBatch", [items])]))).to.equal(KEY.address);
    expect(await read(chain([final("iTransferBatch", [items.slice(0, 1)])]))).to.equal(undefined);
  });

  it("is found in the proofs of a client of AgentNFT", async () => {
    const [accessProof, ownershipProof] = [
      { dataHash: NOTHING, targetPubkey: "0x", nonce: "0x", proof: "0x" },
      {
        ...{ oracleType: 0, dataHash: NOTHING, sealedKey: "0x01" },
        targetPubkey: PUBLIC_KEY,
        nonce: "0x",
        proof: "0x",
      },
    ];
    const values = [SELLER, OWNER, TOKEN, [{ accessProof, ownershipProof }]];
    const data = dialectsInterface().encodeFunctionData("iTransferFrom", values) as Hex;
    expect(await read(chain([data]))).to.equal(KEY.address);
  });

  it("is found where the transfer was staged, for that very owner", async () => {
    expect(await read(chain([plainTransfer, withProofs("stageTransfer")]))).to.equal(KEY.address);
    const another = chain([plainTransfer, withProofs("stageTransfer")], { stagedFor: developmentAccount(6).address });
    expect(await read(another)).to.equal(undefined);
  });

  it("is not known where the chain does not tell", async () => {
    const mint = final("mintWithKeys", [[{ dataDescription: "a", dataHash: NOTHING }], ["0x01"], OWNER]);
    for (const [what, ctx] of [
      ["no keys were published", chain([])],
      ["they were published at the mint", chain([mint])],
      ["another contract made the call", chain([withProofs("iTransfer")], { to: ZERO_ADDRESS })],
      ["a contract was made", chain([withProofs("iTransfer")], { to: null })],
      ["the call is of nobody's interface", chain(["0x12345678"])],
      ["there is no proof", chain([final("iTransfer", [OWNER, TOKEN, []])])],
      ["the key is none", chain([withProofs("iTransfer", "0x01")])],
    ] as const) {
      expect(await read(ctx), what).to.equal(undefined);
    }
  });
});
