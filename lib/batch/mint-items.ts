/** Takes proven answers to tokens, many in one transaction. One minter at a time, because nonces are counted by one. */

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { RpcUnreachableError } from "../chain/revert.ts";
import { estimateTransaction, type ConfirmedTransaction } from "../chain/send.ts";
import { assertMintable } from "../compute/verify.ts";
import { readService, type Service } from "../compute/providers.ts";
import type { Receipt } from "../compute/receipt.ts";
import { mintableBytes } from "../compute/receipt.ts";
import type { RandomSource } from "../compute/service-request.ts";
import { EXIT, ZgError } from "../errors.ts";
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
  sealInference,
  sendOnceCommitted,
  type PreparedMint,
  type SealedMintData,
} from "../inft/mint.ts";
import { resultOfReceipt } from "../inft/receipt.ts";
import { sendToInft, translateInftError } from "../inft/translate.ts";
import { inParallel } from "../parallel.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { receiptOf, sealedOf, type BatchQueue, type ItemRow, type MinterLease } from "./queue.ts";

export interface MintingDeps {
  readonly queue: BatchQueue;
  readonly read: ReadContext;
  readonly write: WriteContext;
  readonly owner: Address;
  readonly inft: Address;
  readonly claim: ClaimMode;
  readonly ownerPublicKey: Uint8Array;
  readonly random: RandomSource;
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

const IDLE_MS = 100;

/** Mints until nothing more is coming. @throws what keeps all of it from being minted, e.g. an outage. */
export async function mintItems(deps: MintingDeps, lease: MinterLease): Promise<void> {
  await new Minting(deps, lease).run();
}

/** One item on its way. */
interface Ready {
  readonly row: ItemRow;
  readonly receipt: Receipt;
  readonly sealed: SealedMintData;
  readonly mint: PreparedMint;
}

class Minting {
  readonly #deps: MintingDeps;
  readonly #lease: MinterLease;
  /** Sealed by this process: nothing of them can be on the chain yet. */
  readonly #fresh = new Set<number>();

  constructor(deps: MintingDeps, lease: MinterLease) {
    this.#deps = deps;
    this.#lease = lease;
  }

  async run(): Promise<void> {
    const { queue, isLast, signal } = this.#deps;
    while (signal?.aborted !== true) {
      const last = await isLast(); // asked first: what is proved after that is seen below
      const { verified, sealed, committed } = await queue.counts();
      if (verified > 0) await this.#sealSome();
      else if (sealed + committed >= BATCH_LIMIT || (last && sealed + committed > 0)) {
        await this.#mint(await queue.find(["committed", "sealed"], BATCH_LIMIT));
      } else if (last) return;
      else await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    }
  }

  /** Seals what was proved meanwhile, and keeps receipt and bytes before anything names them. */
  async #sealSome(): Promise<void> {
    const rows = await this.#deps.queue.find(["verified"], BATCH_LIMIT);
    await inParallel(rows, async (row) => {
      const receipt = receiptOf(row);
      if (receipt === undefined) throw new Error(`item ${row.id} is verified and has no receipt`);
      await this.#seal(row, receipt);
    });
  }

  async #seal(row: ItemRow, receipt: Receipt): Promise<SealedMintData> {
    const { queue, read, inft, ownerPublicKey, random, objects, keepReceipt } = this.#deps;
    const { ciphertext, ...sealed } = sealInference({
      network: read.network,
      inft,
      result: resultOfReceipt(receipt, read.network.mode),
      content: contentOfReceipt(receipt),
      ownerPublicKey,
      randomBytes: random,
    });
    const receiptFile = row.receiptFile ?? (await keepReceipt(row, receipt)) ?? null;
    for (const { dataHash } of sealed.datas) await objects.put(dataHash, ciphertext);
    await queue.advance(row.seq, "sealed", { sealed: JSON.stringify(sealed), receiptFile });
    this.#fresh.add(row.seq);
    return sealed;
  }

  /** Notes a token that is there already, whoever has it. */
  async #mintedBefore({ seq }: ItemRow, receipt: Receipt): Promise<bigint | undefined> {
    const { queue, read, inft, owner } = this.#deps;
    const result = resultOfReceipt(receipt, read.network.mode);
    const token = await findMinted(read, inft, inferenceTokenId(read.network, result));
    if (token === undefined) return undefined;
    const { tokenId } = token;
    if (token.owner === owner) await queue.advance(seq, "minted", { tokenId: tokenId.toString() });
    else await this.#refuse(seq, new ResultTakenError({ ...token, minter: owner }));
    return tokenId;
  }

  async #refuse(seq: number, { code, message }: ZgError): Promise<void> {
    await this.#deps.queue.advance(seq, "unmintable", { failure: JSON.stringify({ code, message }) });
  }

  async #mint(rows: readonly ItemRow[]): Promise<void> {
    let ready = await this.#ready(rows);
    ready = await this.#acceptable(ready);
    if (ready.length === 0) return;
    const { store, objects, claim } = this.#deps;
    if (store !== undefined) {
      const ciphertexts = await Promise.all(
        ready.flatMap(({ sealed }) => sealed.datas.map(async ({ dataHash }) => objects.get(dataHash))),
      );
      await this.#sent(await store(ciphertexts.filter((bytes) => bytes !== undefined)));
    }
    if (claim === "commit") await this.#mintTogether(ready);
    else for (const one of ready) await this.#mintAlone(one);
  }

  /** Works out what is minted; what an earlier process sealed is looked for on the chain and on the disk first. */
  async #ready(rows: readonly ItemRow[]): Promise<Ready[]> {
    const { objects, owner, inft, read, claim } = this.#deps;
    const found = await inParallel(rows, async (row): Promise<Ready | undefined> => {
      const receipt = receiptOf(row);
      let sealed = sealedOf(row);
      if (receipt === undefined || sealed === undefined)
        throw new Error(`item ${row.id} is sealed and lacks its parts`);
      if (!this.#fresh.has(row.seq)) {
        if ((await this.#mintedBefore(row, receipt)) !== undefined) return undefined;
        const bytes = await inParallel(sealed.datas, async ({ dataHash }) => objects.get(dataHash));
        if (bytes.some((there) => there === undefined)) sealed = await this.#seal(row, receipt);
      }
      const result = resultOfReceipt(receipt, read.network.mode);
      const common = { network: read.network, inft, minter: owner, to: owner, result, sealed, claim };
      const { request } = mintableBytes(receipt);
      return { row, receipt, sealed, mint: prepareInferenceMint({ ...common, request }) };
    });
    return found.filter((one) => one !== undefined);
  }

  /** Those whose provider still lists and endorses their signer; the contract would refuse the others. */
  async #acceptable(ready: readonly Ready[]): Promise<Ready[]> {
    const services = new Map<Address, Service>();
    for (const { mint } of ready) {
      const { provider } = mint.result;
      if (!services.has(provider)) services.set(provider, await readService(this.#deps.read, provider));
    }
    const accepted: Ready[] = [];
    for (const one of ready) {
      const { provider, teeSigner } = one.mint.result;
      const service = services.get(provider);
      const refused = service === undefined ? undefined : refusalOf(service, teeSigner);
      if (refused === undefined) accepted.push(one);
      else await this.#refuse(one.row.seq, refused);
    }
    return accepted;
  }

  async #mintTogether(ready: readonly Ready[]): Promise<void> {
    const { queue, read, write, inft } = this.#deps;
    const isFresh = ({ row }: Ready) => this.#fresh.has(row.seq) && row.state === "sealed";
    const old = await uncommitted(
      read,
      ready.filter((one) => !isFresh(one)).map(({ mint }) => mint),
    );
    const commitments = [...ready.filter(isFresh).map(({ mint }) => mint.commitment), ...old];
    if (commitments.length > 0) {
      this.#lease.assertHeld();
      await this.#sent([await sendToInft(write, commitBatchDraft(inft, commitments))]);
    }
    await Promise.all(ready.map(async ({ row }) => queue.advance(row.seq, "committed")));
    const mints = ready.map(({ mint }) => mint);
    for (const provider of await providersToSync(read, inft, mints)) {
      this.#lease.assertHeld();
      await this.#sent([await sendToInft(write, syncDraft(inft, provider))]);
    }
    try {
      this.#lease.assertHeld();
      const sent = await sendOnceCommitted(write, revealBatchDraft(inft, mints));
      await this.#sent([sent]);
      await this.#minted(ready, sent.hash);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#isolate(ready, error);
    }
  }

  /** One bad item keeps all of them from being minted: finds it by asking for each alone, which costs nothing. */
  async #isolate(ready: readonly Ready[], error: ZgError): Promise<void> {
    const { read, owner, inft } = this.#deps;
    let refused = 0;
    for (const { row, receipt, mint } of ready) {
      if ((await this.#mintedBefore(row, receipt)) !== undefined) {
        refused += 1;
        continue;
      }
      try {
        await estimateTransaction(read, owner, revealBatchDraft(inft, [mint]));
      } catch (cause) {
        const found = translateInftError(cause);
        if (!isRefusal(found)) throw found;
        await this.#refuse(row.seq, found);
        refused += 1;
      }
    }
    // Each alone would pass: it is not one of them that is wrong.
    if (refused === 0) throw error;
  }

  async #mintAlone({ row, mint }: Ready): Promise<void> {
    this.#lease.assertHeld();
    try {
      const sent = await sendToInft(this.#deps.write, revealDraft(mint));
      await this.#sent([sent]);
      await this.#minted([{ row, mint }], sent.hash);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#refuse(row.seq, error);
    }
  }

  async #minted(ready: readonly Pick<Ready, "row" | "mint">[], transactionHash: Hex): Promise<void> {
    const { queue, onMinted } = this.#deps;
    await Promise.all(
      ready.map(async ({ row, mint }) =>
        queue.advance(row.seq, "minted", { tokenId: mint.tokenId.toString(), transactionHash }),
      ),
    );
    onMinted?.(ready.length);
  }

  async #sent(transactions: readonly ConfirmedTransaction[]): Promise<void> {
    for (const transaction of transactions) this.#deps.onSent?.(transaction);
    return Promise.resolve();
  }
}

/** The contract's own no, and not an outage or a wallet that is empty. */
function isRefusal(error: unknown): error is ZgError {
  if (!(error instanceof ZgError) || error instanceof RpcUnreachableError) return false;
  return error.exit !== EXIT.network && !NOT_OF_ONE_ITEM.has(error.code);
}

const NOT_OF_ONE_ITEM = new Set([
  "ZG_WALLET_BALANCE",
  "ZG_MAX_SPEND",
  "ZG_PLAN_EXCEEDED",
  "ZG_GAS_PRICE",
  "ZG_BATCH_BUSY",
]);

function refusalOf(service: Service, teeSigner: Address): ZgError | undefined {
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
