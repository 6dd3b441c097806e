import { mintableBytes } from "../../compute/receipt.ts";
import {
  commitMint,
  findMinted,
  hasOpenCommitment,
  prepareInferenceMint,
  revealMint,
  sealInference,
} from "../../inft/mint.ts";
import { contentOfReceipt } from "../../inft/content.ts";
import type { MintedToken, PreparedMint } from "../../inft/mint.ts";
import { ResultTakenError } from "../../inft/errors.ts";
import { ownerPublicKey } from "../../inft/owner-key.ts";
import { resultOfReceipt } from "../../inft/receipt.ts";
import type { FlowReadContext, FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";

/** What this run commits to and mints; undefined until it is sealed. */
async function prepared(ctx: FlowReadContext): Promise<PreparedMint | undefined> {
  const answered = lastFact(ctx.journal, "answered");
  const sealed = lastFact(ctx.journal, "sealed");
  if (answered === undefined || sealed === undefined) return undefined;
  const { network } = ctx.read;
  return prepareInferenceMint({
    network,
    inft: sealed.inft,
    minter: ctx.owner,
    to: ctx.owner,
    result: resultOfReceipt(answered.receipt, network.mode),
    sealed: sealed.data,
    claim: ctx.claim,
    request: mintableBytes(answered.receipt).request,
  });
}

/** Whether this run's answer is a token, by its own note or by the chain. */
export async function isMinted(ctx: FlowReadContext): Promise<boolean> {
  if (lastFact(ctx.journal, "minted") !== undefined) return true;
  const mint = await prepared(ctx);
  return mint !== undefined && (await findMinted(ctx.read, mint.inft, mint.tokenId)) !== undefined;
}

async function requirePrepared(ctx: FlowReadContext): Promise<PreparedMint> {
  const mint = await prepared(ctx);
  if (mint === undefined) throw new Error("a step ran before the answer was sealed");
  return mint;
}

export const sealStep: FlowStep = {
  id: "encrypt",
  title: "encrypt",
  check: async (ctx) => {
    const dataHash = lastFact(ctx.journal, "sealed")?.data.datas[0]?.dataHash;
    if (dataHash === undefined) return { done: false, reason: "not encrypted" };
    const detail = `data hash ${dataHash}`;
    if ((await ctx.objects.get(dataHash)) !== undefined) return { done: true, detail };
    // Lost before anything names them, they are made again; later there is nothing left to do.
    return (await isMinted(ctx))
      ? { done: true, detail }
      : { done: false, reason: "the encrypted bytes are not here any more" };
  },
  run: async (ctx) => {
    const answered = lastFact(ctx.journal, "answered");
    const inft = (await ctx.records.inft.load())?.address;
    if (answered === undefined || inft === undefined) throw new Error("a step ran before its inputs were there");
    const { network } = ctx.read;
    const { ciphertext, ...data } = sealInference({
      network,
      inft,
      result: resultOfReceipt(answered.receipt, network.mode),
      content: contentOfReceipt(answered.receipt),
      ownerPublicKey: await ownerPublicKey(ctx.write.signer),
      randomBytes: ctx.random,
    });
    ctx.journal.append({ type: "sealed", inft, data });
    for (const { dataHash } of data.datas) await ctx.objects.put(dataHash, ciphertext);
  },
};

/** Whether a token of this result is this run's: the owner's, or minted by it and moved since. */
function isOurs({ owner, journal }: FlowReadContext, token: MintedToken): boolean {
  return token.owner === owner || lastFact(journal, "minted") !== undefined;
}

function taken({ owner }: FlowReadContext, token: MintedToken): string {
  return `token ${token.tokenId} of this result is ${token.owner}'s, not ${owner}'s`;
}

export const commitStep: FlowStep = {
  id: "commit",
  title: "commit",
  check: async (ctx) => {
    const mint = await prepared(ctx);
    if (mint === undefined) return { done: false, reason: "nothing to commit to" };
    if ((await findMinted(ctx.read, mint.inft, mint.tokenId)) !== undefined) return { done: true, detail: "minted" };
    if (mint.claim === "bound") return { done: true, detail: "not needed: the request names its minter" };
    if (mint.claim === "open") return { done: true, detail: "not made: whoever comes first has the token" };
    return (await hasOpenCommitment(ctx.read, mint))
      ? { done: true, detail: `commitment ${mint.commitment}` }
      : { done: false, reason: "not committed" };
  },
  run: async (ctx) => {
    const outcome = await commitMint(ctx.write, await requirePrepared(ctx));
    if (outcome.status === "committed" && outcome.transaction !== undefined) ctx.sent.push(outcome.transaction);
  },
};

export const mintStep: FlowStep = {
  id: "mint",
  title: "mint",
  check: async (ctx) => {
    const mint = await prepared(ctx);
    if (mint === undefined) return { done: false, reason: "nothing to mint" };
    const token = await findMinted(ctx.read, mint.inft, mint.tokenId);
    if (token === undefined) return { done: false, reason: "not minted" };
    return isOurs(ctx, token)
      ? { done: true, detail: `token ${token.tokenId} of ${token.owner}` }
      : { done: false, reason: taken(ctx, token) };
  },
  run: async (ctx) => {
    const token = await revealMint(ctx.write, await requirePrepared(ctx));
    if (!isOurs(ctx, token)) throw new ResultTakenError({ ...token, minter: ctx.owner });
    const { tokenId, transaction } = token;
    if (transaction !== undefined) ctx.sent.push(transaction);
    ctx.journal.append({
      type: "minted",
      tokenId: tokenId.toString(),
      ...(transaction === undefined ? {} : { hash: transaction.hash }),
    });
  },
};
