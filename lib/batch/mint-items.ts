/** Takes proven answers to tokens, many in one transaction. One minter at a time, because nonces are counted by one. */

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { TransactionRevertedError } from "../chain/outcomes.ts";
import { chainCall, ContractRevertError } from "../chain/revert.ts";
import { estimateTransaction, type ConfirmedTransaction, type TransactionDraft } from "../chain/send.ts";
import { ProviderUnknownError } from "../compute/errors.ts";
import { assertMintable } from "../compute/verify.ts";
import { readService, type Service } from "../compute/providers.ts";
import type { Receipt } from "../compute/receipt.ts";
import { mintableBytes } from "../compute/receipt.ts";
import { ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import type { ClaimMode } from "../inft/claim.ts";
import { contentOfReceipt } from "../inft/content.ts";
import { ResultSignerMismatchError, ResultTakenError } from "../inft/errors.ts";
import {
  BATCH_LIMIT,
  commitBatchDraft,
  providersToSync,
  revealBatchDraft,
  syncDraft,
  uncommitted,
} from "../inft/mint-batch.ts";
import {
  findMinted,
  inferenceTokenId,
  prepareInferenceMint,
  revealDraft,
  sendOnceCommitted,
  type MintableResult,
  type PreparedMint,
  type SealedMintData,
} from "../inft/mint.ts";
import { resultOfReceipt } from "../inft/receipt.ts";
import { sendToInft, translateInftError } from "../inft/translate.ts";
import { inParallel } from "../parallel.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { failureOf, receiptOf, sealedOf, type BatchQueue, type ItemRow, type MinterLease } from "./queue.ts";
import type { Arithmetic } from "./thread-tasks.ts";
import type { ItemState } from "./state.ts";

export interface MintingDeps {
  readonly queue: BatchQueue;
  readonly read: ReadContext;
  readonly write: WriteContext;
  readonly owner: Address;
  readonly inft: Address;
  readonly claim: ClaimMode;
  readonly ownerPublicKey: Uint8Array;
  readonly arithmetic: Arithmetic;
  readonly objects: ObjectStore;
  /** Keeps a receipt and says where; undefined where nothing is kept. */
  readonly keepReceipt: (item: Pick<ItemRow, "seq" | "id">, receipt: Receipt) => Promise<string | undefined>;
  /** Puts encrypted bytes on 0G Storage; absent where they stay on this machine. */
  readonly store?: (ciphertexts: readonly Uint8Array[]) => Promise<readonly ConfirmedTransaction[]>;
  /** Whether all asking has ended: until then a batch waits until it is full. */
  readonly isLast: () => Promise<boolean>;
  readonly signal?: AbortSignal;
  readonly onSent?: (transaction: ConfirmedTransaction) => void;
  readonly onMinted?: (count: number) => void;
}

const IDLE_MS = 25;
const GAS_MARGIN_PERCENT = 125n;

/** Mints until nothing more is coming. @throws what keeps all of it from being minted, e.g. an outage. */
export async function mintItems(deps: MintingDeps, lease: MinterLease): Promise<void> {
  await new Minting(deps, lease).run();
}

/** One item on its way. */
interface Ready {
  readonly seq: number;
  readonly mint: PreparedMint;
}

class Minting {
  readonly #deps: MintingDeps;
  readonly #lease: MinterLease;
  /** Sealed by this process: nothing of them can be on the chain yet. */
  readonly #fresh = new Map<number, Ready>();
  /** Committed to by this process. */
  readonly #committed = new Set<number>();
  /** What a mint took in the first batch. */
  #gasOfOne: bigint | undefined;
  #failed = false;

  constructor(deps: MintingDeps, lease: MinterLease) {
    this.#deps = deps;
    this.#lease = lease;
  }

  /** Sealing, committing and minting go on at the same time, each with what the one before has done. */
  async run(): Promise<void> {
    const { isLast, claim } = this.#deps;
    const sealed = this.#stage(isLast, "verified", 1, async (seqs) => this.#sealAll(seqs));
    if (claim !== "commit") {
      const minted = this.#stage(ended(sealed), "sealed", 1, async (seqs) => this.#mintEach(seqs));
      return settleAll([sealed, minted]);
    }
    const committed = this.#stage(ended(sealed), "sealed", BATCH_LIMIT, async (seqs) => this.#commit(seqs));
    const minted = this.#stage(ended(committed), "committed", BATCH_LIMIT, async (seqs) => this.#mint(seqs));
    return settleAll([sealed, committed, minted]);
  }

  /** Does `work` for items of a state, as many as fit, until no more of them are coming. Waits for `least` at a time. */
  async #stage(
    isLast: () => Promise<boolean>,
    state: ItemState,
    least: number,
    work: (seqs: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const { queue, signal } = this.#deps;
    while (signal?.aborted !== true && !this.#failed) {
      const last = await isLast(); // asked first: what comes after that is seen below
      const seqs = await queue.list(state, BATCH_LIMIT);
      if (seqs.length >= least || (last && seqs.length > 0)) {
        try {
          await work(seqs);
        } catch (error) {
          this.#failed = true; // the other stages end, too
          throw error;
        }
      } else if (last) return;
      else await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    }
  }

  /** Seals what was proved, and keeps receipt and bytes before anything names them. */
  async #sealAll(seqs: readonly number[]): Promise<void> {
    // All at once: they wait for one and the same commit of the store.
    await inParallel(
      seqs,
      async (seq) => {
        const { row, receipt } = await this.#provedAt(seq);
        await this.#seal(row, receipt);
      },
      seqs.length,
    );
  }

  async #provedAt(seq: number): Promise<{ readonly row: ItemRow; readonly receipt: Receipt }> {
    const row = await this.#deps.queue.get(seq);
    const receipt = row === undefined ? undefined : receiptOf(row);
    if (row === undefined || receipt === undefined)
      throw new Error(`item ${seq + 1} is to be minted and has no receipt`);
    return { row, receipt };
  }

  async #seal(row: ItemRow, receipt: Receipt): Promise<Ready> {
    const { queue, read, owner, inft, claim, ownerPublicKey, arithmetic, objects, keepReceipt } = this.#deps;
    const result = resultOfReceipt(receipt, read.network.mode);
    const content = contentOfReceipt(receipt);
    const place = { network: read.network, inft, result };
    const { request } = mintableBytes(receipt);
    const mintedAs = { minter: owner, to: owner, claim, request };
    const { ciphertext, sealed, mint } = await arithmetic("seal", { ...place, content, ownerPublicKey, ...mintedAs });
    const receiptFile = row.receiptFile ?? (await keepReceipt(row, receipt)) ?? null;
    for (const { dataHash } of sealed.datas) await objects.put(dataHash, ciphertext);
    const ready = { seq: row.seq, mint };
    await queue.advance(row.seq, "sealed", { sealed: JSON.stringify(sealed), receiptFile });
    this.#fresh.set(row.seq, ready);
    return ready;
  }

  #prepare(receipt: Receipt, result: MintableResult, sealed: SealedMintData): PreparedMint {
    const { owner, inft, read, claim } = this.#deps;
    const common = { network: read.network, inft, minter: owner, to: owner, result, sealed, claim };
    return prepareInferenceMint({ ...common, request: mintableBytes(receipt).request });
  }

  /** Notes a token that is there already, whoever has it. */
  async #mintedBefore(seq: number, tokenId: bigint): Promise<boolean> {
    const { queue, read, inft, owner } = this.#deps;
    const token = await findMinted(read, inft, tokenId);
    if (token === undefined) return false;
    if (token.owner === owner) await queue.advance(seq, "minted", { tokenId: tokenId.toString() });
    else await this.#refuse(seq, new ResultTakenError({ ...token, minter: owner }));
    return true;
  }

  async #refuse(seq: number, { code, message }: ZgError): Promise<void> {
    await this.#deps.queue.advance(seq, "unmintable", { failure: JSON.stringify({ code, message }) });
  }

  /** Puts what was sealed on 0G Storage, if it goes there, and commits to its mints. */
  async #commit(seqs: readonly number[]): Promise<void> {
    const { queue, read, write, inft } = this.#deps;
    const ready = await this.#acceptable(await this.#ready(seqs));
    if (ready.length === 0) return;
    await this.#store(ready);
    // Of what an earlier process sealed, the chain may have the commitment.
    const isFresh = ({ seq }: Ready) => this.#fresh.has(seq);
    const old = ready.filter((one) => !isFresh(one)).map(({ mint }) => mint);
    const fresh = ready.filter(isFresh).map(({ mint }) => mint.commitment);
    const commitments = [...fresh, ...(await uncommitted(read, old))];
    if (commitments.length > 0) {
      this.#lease.assertHeld();
      this.#sent(await sendToInft(write, commitBatchDraft(inft, commitments)));
    }
    for (const { seq } of ready) this.#committed.add(seq);
    await Promise.all(ready.map(async ({ seq }) => queue.advance(seq, "committed")));
  }

  async #mint(seqs: readonly number[]): Promise<void> {
    const { read, write, inft } = this.#deps;
    const ready = await this.#acceptable(await this.#ready(seqs));
    if (ready.length === 0) return;
    const mints = ready.map(({ mint }) => mint);
    // A commitment of an earlier process may have expired meanwhile.
    const old = ready.filter(({ seq }) => !this.#committed.has(seq)).map(({ mint }) => mint);
    const commitments = await uncommitted(read, old);
    if (commitments.length > 0) {
      this.#lease.assertHeld();
      this.#sent(await sendToInft(write, commitBatchDraft(inft, commitments)));
    }
    if (this.#gasOfOne === undefined) {
      for (const provider of await providersToSync(read, inft, mints)) {
        this.#lease.assertHeld();
        this.#sent(await sendToInft(write, syncDraft(inft, provider)));
      }
    }
    try {
      this.#lease.assertHeld();
      const draft = await this.#priced(revealBatchDraft(inft, mints), mints.length);
      const sent = await sendOnceCommitted(write, draft);
      this.#sent(sent);
      this.#gasOfOne ??= sent.gasUsed / BigInt(mints.length);
      await this.#minted(ready, sent.hash);
    } catch (error) {
      if (isRefusal(error)) return this.#isolate(ready, error);
      // Expired, or in a block that was taken back: what was believed of this process is looked for, and made again, once.
      const believed = seqs.filter((seq) => this.#committed.delete(seq));
      if (believed.length === 0 || !(error instanceof ZgError && OF_THE_COMMITMENT.has(error.code))) throw error;
    }
  }

  /**
   * Once a batch has shown what a mint takes, the next ones are tried instead of estimated: a node estimates by trying a
   * transaction many times over, which takes as long as all the rest.
   */
  async #priced(draft: TransactionDraft, mints: number): Promise<TransactionDraft> {
    if (this.#gasOfOne === undefined || mints < BATCH_LIMIT) return draft;
    const gas = (this.#gasOfOne * BigInt(mints) * GAS_MARGIN_PERCENT) / 100n;
    const { read, owner } = this.#deps;
    const { to = null, data } = draft;
    try {
      await chainCall(
        `To ${draft.what}`,
        read.provider.call({ from: owner, to, data, gasLimit: gas, blockTag: "pending" }),
      );
      return { ...draft, gas };
    } catch (error) {
      // Too young in the eyes of this node, or truly refused: the estimate tells.
      if (error instanceof ContractRevertError) return draft;
      throw error;
    }
  }

  async #mintEach(seqs: readonly number[]): Promise<void> {
    const ready = await this.#acceptable(await this.#ready(seqs));
    if (ready.length > 0) await this.#store(ready);
    for (const one of ready) await this.#mintAlone(one);
  }

  async #store(ready: readonly Ready[]): Promise<void> {
    const { store, objects } = this.#deps;
    if (store === undefined) return;
    const roots = ready.flatMap(({ mint }) => mint.datas.map(({ dataHash }) => dataHash));
    const ciphertexts = await inParallel(roots, async (root) => objects.get(root));
    for (const sent of await store(ciphertexts.filter((bytes) => bytes !== undefined))) this.#sent(sent);
  }

  /** Works out what is minted; what an earlier process sealed is looked for on the chain and on the disk first. */
  async #ready(seqs: readonly number[]): Promise<Ready[]> {
    const { objects, read } = this.#deps;
    const found = await inParallel(seqs, async (seq): Promise<Ready | undefined> => {
      const fresh = this.#fresh.get(seq);
      if (fresh !== undefined) return fresh;
      const { row, receipt } = await this.#provedAt(seq);
      const result = resultOfReceipt(receipt, read.network.mode);
      if (await this.#mintedBefore(seq, inferenceTokenId(read.network, result))) return undefined;
      const sealed = sealedOf(row);
      const bytes = await inParallel(sealed?.datas ?? [], async ({ dataHash }) => objects.get(dataHash));
      if (sealed === undefined || bytes.some((there) => there === undefined)) return this.#seal(row, receipt);
      return { seq, mint: this.#prepare(receipt, result, sealed) };
    });
    return found.filter((one) => one !== undefined);
  }

  /** Those whose provider still lists and endorses their signer; the contract would refuse the others. */
  async #acceptable(ready: readonly Ready[]): Promise<Ready[]> {
    const services = new Map<Address, Service | ProviderUnknownError>();
    for (const { mint } of ready) {
      const { provider } = mint.result;
      if (!services.has(provider)) services.set(provider, await listed(this.#deps.read, provider));
    }
    const accepted: Ready[] = [];
    for (const one of ready) {
      const { provider, teeSigner } = one.mint.result;
      const service = services.get(provider);
      const refused = service === undefined ? undefined : refusalOf(service, teeSigner);
      if (refused === undefined) accepted.push(one);
      else await this.#refuse(one.seq, refused);
    }
    return accepted;
  }

  /** One bad item keeps all of them from being minted: finds it by asking for each alone, which costs nothing. */
  async #isolate(ready: readonly Ready[], error: ZgError): Promise<void> {
    const { read, owner, inft, claim } = this.#deps;
    let refused = 0;
    for (const { seq, mint } of ready) {
      if (await this.#mintedBefore(seq, mint.tokenId)) {
        refused += 1;
        continue;
      }
      try {
        await estimateTransaction(read, owner, claim === "commit" ? revealBatchDraft(inft, [mint]) : revealDraft(mint));
      } catch (cause) {
        const found = translateInftError(cause);
        if (!isRefusal(found)) throw found;
        await this.#refuse(seq, found);
        refused += 1;
      }
    }
    // Each alone would pass: it is not one of them that is wrong.
    if (refused === 0) throw error;
  }

  async #mintAlone({ seq, mint }: Ready): Promise<void> {
    this.#lease.assertHeld();
    try {
      const sent = await sendToInft(this.#deps.write, revealDraft(mint));
      this.#sent(sent);
      await this.#minted([{ seq, mint }], sent.hash);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#isolate([{ seq, mint }], error);
    }
  }

  async #minted(ready: readonly Ready[], transactionHash: Hex): Promise<void> {
    const { queue, onMinted } = this.#deps;
    await Promise.all(
      ready.map(async ({ seq, mint }) =>
        queue.advance(seq, "minted", { tokenId: mint.tokenId.toString(), transactionHash }),
      ),
    );
    for (const { seq } of ready) this.#fresh.delete(seq);
    onMinted?.(ready.length);
  }

  #sent(transaction: ConfirmedTransaction): void {
    this.#deps.onSent?.(transaction);
  }
}

/** Whether a stage has come to its end, well or not. */
function ended(stage: Promise<void>): () => Promise<boolean> {
  let over = false;
  const end = () => {
    over = true;
  };
  stage.then(end, end);
  return async () => Promise.resolve(over);
}

/** Waits for all of them, then fails as the first that did. */
async function settleAll(stages: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(stages);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** The contract's own no. Whatever else keeps a transaction from landing says nothing about the items in it. */
function isRefusal(error: unknown): error is ZgError {
  if (!(error instanceof ZgError) || OF_THE_COMMITMENT.has(error.code)) return false;
  const said = [error, error.cause].some((each) => each instanceof ContractRevertError);
  return said || error instanceof TransactionRevertedError;
}

/** A commitment can be made again. */
const OF_THE_COMMITMENT = new Set(["ZG_COMMITMENT_MISSING", "ZG_COMMITMENT_EXPIRED", "ZG_COMMITMENT_YOUNG"]);

/** A provider that is gone keeps its own answers from being minted, and no others. */
async function listed(read: ReadContext, provider: Address): Promise<Service | ProviderUnknownError> {
  try {
    return await readService(read, provider);
  } catch (error) {
    if (error instanceof ProviderUnknownError) return error;
    throw error;
  }
}

/** Whether what kept an item from being minted may be over, which costs nothing to find out. */
export function mayPass(row: Pick<ItemRow, "state" | "failure">): boolean {
  return row.state === "unmintable" && PASSING.has(failureOf(row)?.code ?? "");
}

const PASSING = new Set(["ZG_NOT_ENDORSED", "ZG_PROVIDER_UNKNOWN"]);

function refusalOf(service: Service | ProviderUnknownError, teeSigner: Address): ZgError | undefined {
  if (service instanceof ProviderUnknownError) return service;
  const { provider, teeSignerAddress: listed } = service;
  if (listed !== teeSigner) return new ResultSignerMismatchError({ provider, listed, recovered: teeSigner });
  try {
    assertMintable(service);
    return undefined;
  } catch (error) {
    if (error instanceof ZgError) return error;
    throw error;
  }
}
