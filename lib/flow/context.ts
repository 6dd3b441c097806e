import type { ReadContext, WriteContext } from "../chain/context.ts";
import type { ConfirmedTransaction } from "../chain/send.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { Receipt } from "../compute/receipt.ts";
import { readService, type Service } from "../compute/providers.ts";
import type { SessionTokens } from "../compute/session.ts";
import type { Address, Hex } from "../hex.ts";
import type { AttestorEntry } from "../inft/attestor-entry.ts";
import type { ClaimMode } from "../inft/claim.ts";
import type { ContractArtifact, DeploymentRecords } from "../inft/deploy.ts";
import type { StorageClient } from "../storage/client.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { Budgets } from "../guards/budgets.ts";
import type { PriceCeiling } from "../guards/price-ceiling.ts";
import type { ServiceTerms } from "../guards/terms.ts";
import type { Bill } from "./bill.ts";
import { lastFact, type Journal } from "./journal.ts";
import type { Question } from "./question.ts";
import type { Step } from "./step.ts";

/** What checks need: reading, and what the run remembers. */
export interface FlowReadContext {
  readonly read: ReadContext;
  readonly owner: Address;
  readonly journal: Journal;
  readonly question: Question;
  readonly genesisHash: Hex;
  /** How this run claims its result when it mints. */
  readonly claim: ClaimMode;
  /** The recorded contracts of this network, as far as there are any and the chain still holds them. */
  readonly records: DeploymentRecords;
  readonly http: HttpDeps;
  /** Where the encrypted result is kept on this machine. */
  readonly objects: ObjectStore;
  /** Whether this run puts its result and its audit log on 0G Storage. */
  readonly stores: boolean;
  /** Lets a provider be asked for what it has not collected. A status has none, because it signs nothing. */
  readonly session?: SessionTokens;
  /** The price ceiling that the run was or is started with. */
  readonly maxPrice?: PriceCeiling;
  /** A price ceiling that holds for every run. */
  readonly standingCeiling?: PriceCeiling;
}

export interface ReceiptStore {
  /** Keeps a receipt and says where; undefined where nothing is kept. */
  save(name: string, receipt: Receipt): Promise<string | undefined>;
  /** Keeps an answer that failed a check, apart from the others, and says where. */
  quarantine?(name: string, document: object): Promise<string | undefined>;
}

/** What a run was agreed to: its bill, and what the provider's services were listed as. */
export interface FlowPlan extends Bill {
  /** Absent when nobody will be asked any more. */
  readonly terms?: ServiceTerms;
}

/** What the steps need to act. */
export interface FlowContext extends FlowReadContext {
  readonly id: string;
  readonly write: WriteContext;
  readonly session: SessionTokens;
  readonly random: (size: number) => Uint8Array;
  readonly artifact: (contractName: string) => Promise<ContractArtifact>;
  /** Who vouches for re-encryptions in a verifier that this run deploys; none yet on a live network. */
  readonly attestors: () => Promise<readonly AttestorEntry[]>;
  /** 0G Storage, spending as a step may. Absent when the run keeps everything on this machine. */
  readonly storage?: (write: WriteContext) => StorageClient;
  /** How far what is stored has to be before the run goes on. Default `uploaded`. */
  readonly waitFor?: "uploaded" | "finalised";
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly receipts: ReceiptStore;
  /** Ask again although an earlier request of this run may have been charged. */
  readonly retryUnanswered: boolean;
  /** Ask another provider although an answer of this run was paid for that cannot be used. */
  readonly retryRejected?: boolean;
  /** What was agreed to; no step moves more. Worked out when a run starts without one. */
  readonly plan?: FlowPlan;
  /** Caps over all runs. Absent: none, and nothing is counted. */
  readonly budgets?: Budgets;
  /** Every transaction of this run of the command, in order. */
  readonly sent: ConfirmedTransaction[];
}

export type FlowStep = Step<FlowReadContext, FlowContext>;

/** The provider this run settled on, as the chain lists it now. */
export async function chosenService(ctx: FlowReadContext): Promise<Service | undefined> {
  const fact = lastFact(ctx.journal, "provider");
  return fact === undefined ? undefined : readService(ctx.read, fact.provider);
}

/** Like {@link chosenService}, in steps that come after the choice. */
export async function requireService(ctx: FlowReadContext): Promise<Service> {
  const service = await chosenService(ctx);
  if (service === undefined) throw new Error("a step ran before the provider was chosen");
  return service;
}
