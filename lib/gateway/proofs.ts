/** Checking answers against their signatures: before they are released, or behind the client's back, when there is time. */

import type { ReadContext } from "../chain/context.ts";
import { NotEndorsedError } from "../compute/errors.ts";
import { fetchImages } from "../compute/image-downloads.ts";
import { fetchSignature, type ChatIdRef } from "../compute/inference.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { readService, type Service } from "../compute/providers.ts";
import { verifyHashes, type ExchangeHashes, type Verification } from "../compute/verify.ts";
import { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { pause } from "../pause.ts";
import type { ImageEntry } from "../protocol/images.ts";
import { sha256Hex } from "../protocol/signed-text.ts";

/** An answer to check. */
export interface Proof {
  /** Of the request in the spending log. */
  readonly id: string;
  readonly client: string;
  readonly provider: Address;
  readonly chatId: ChatIdRef;
  readonly hashes: ExchangeHashes;
  /** The images of an answer that only names some of them: they are fetched to be hashed. */
  readonly named?: readonly ImageEntry[];
}

/** What is known of an answer's proof. */
export type ProofState =
  | { readonly status: "pending" }
  | { readonly status: "verified" | "rejected"; readonly verification: Verification }
  /** Nobody could say: too many answers at once, or the signature cannot be had. */
  | { readonly status: "not-checked"; readonly reason: string };

export interface ProofDeps {
  readonly read: ReadContext;
  readonly http: HttpDeps;
  readonly services: readonly Service[];
  /** Whether requests are under way: then checks take their time. */
  readonly busy: () => boolean;
  /** Told of every answer once, by its id in the spending log. */
  readonly settled: (id: string, state: Exclude<ProofState, { status: "pending" }>) => void;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** Most answers waiting; a signature can be had for 20 minutes, so more would be in vain. */
const MOST_WAITING = 1_000;
/** How many verdicts can be asked for afterwards. */
const MOST_KEPT = 2_000;
/** Between two checks while requests are under way: recovering a signer takes a millisecond or two of this thread. */
const BUSY_PAUSE_MS = 50;
/** How long a service read from the chain is believed. */
const SERVICE_AGE_MS = 60_000;

export class Proofs {
  readonly #deps: ProofDeps;
  readonly #waiting: Proof[] = [];
  readonly #states = new Map<string, { readonly client: string; readonly state: ProofState }>();
  readonly #services: Map<Address, { readonly service: Service; readonly at: number }>;
  #working = false;

  constructor(deps: ProofDeps) {
    this.#deps = deps;
    const at = deps.clock();
    this.#services = new Map(deps.services.map((service) => [service.provider, { service, at }]));
  }

  /** Checks an answer later, in its turn. */
  later(proof: Proof): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#settle(proof, { status: "not-checked", reason: "too many answers were waiting to be checked" });
      return;
    }
    this.#keep(proof, { status: "pending" });
    this.#waiting.push(proof);
    if (!this.#working) void this.#work();
  }

  /** Checks an answer now. @throws {ZgError} when the signature cannot be had, or nobody vouches for its signer. */
  async now(proof: Proof): Promise<Verification> {
    const verification = await this.#verify(proof);
    this.#settle(proof, { status: verification.status, verification });
    return verification;
  }

  /** Records that an answer cannot be checked at all. */
  impossible(id: string, reason: string): void {
    this.#deps.settled(id, { status: "not-checked", reason });
  }

  /** What became of an answer, for the client who got it; undefined when nothing is known any more. */
  find(chatId: string, client: string): ProofState | undefined {
    const found = this.#states.get(chatId);
    return found?.client === client ? found.state : undefined;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  async #work(): Promise<void> {
    const { busy, signal } = this.#deps;
    this.#working = true;
    try {
      for (let proof = this.#waiting.shift(); proof !== undefined; proof = this.#waiting.shift()) {
        // Others first; then one after the other.
        await pause(busy() ? BUSY_PAUSE_MS : 0, signal, "Checking answers");
        try {
          await this.now(proof);
        } catch (error) {
          if (!(error instanceof ZgError)) throw error;
          this.#settle(proof, { status: "not-checked", reason: `${error.code}: ${error.message}` });
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#working = false;
    }
  }

  /** A provider may have changed its signer since it was read: a rejection stands only against what the chain says now. */
  async #verify(proof: Proof): Promise<Verification> {
    const { http, clock, signal } = this.#deps;
    const { provider, chatId } = proof;
    const known = this.#services.get(provider);
    const fresh = known !== undefined && clock() - known.at < SERVICE_AGE_MS;
    let service = known !== undefined && fresh ? known.service : await this.#reread(provider);
    const signature = await fetchSignature({ ...http, signal }, service, chatId);
    const hashes = await this.#hashes(proof, service);
    let verification = verifyHashes({ service, hashes, signature });
    if (verification.status === "rejected" && verification.failed === "signer" && fresh) {
      service = await this.#reread(provider);
      verification = verifyHashes({ service, hashes, signature });
    }
    if (!service.endorsed) throw new NotEndorsedError({ provider });
    return verification;
  }

  async #hashes({ hashes, named }: Proof, service: Service): Promise<ExchangeHashes> {
    if (named === undefined) return hashes;
    const { http, signal } = this.#deps;
    const images = await fetchImages({ ...http, signal }, service, named);
    return { ...hashes, images: images.map((image) => sha256Hex(image)) };
  }

  async #reread(provider: Address): Promise<Service> {
    const service = await readService(this.#deps.read, provider);
    this.#services.set(provider, { service, at: this.#deps.clock() });
    return service;
  }

  #settle(proof: Proof, state: Exclude<ProofState, { status: "pending" }>): void {
    this.#keep(proof, state);
    this.#deps.settled(proof.id, state);
  }

  #keep({ chatId, client }: Proof, state: ProofState): void {
    const id = chatId.id;
    this.#states.delete(id);
    this.#states.set(id, { client, state });
    if (this.#states.size <= MOST_KEPT) return;
    const [oldest] = this.#states.keys();
    if (oldest !== undefined) this.#states.delete(oldest);
  }
}
