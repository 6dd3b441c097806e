/** What the parts of one gateway share; put together once by `openGateway`. */

import type { Session } from "../compute/session.ts";
import type { TopUpPolicies, TopUpPolicy, TopUps } from "../compute/top-up.ts";
import type { ServiceRequest } from "../compute/service-request.ts";
import type { Log } from "../chain/context.ts";
import type { Address } from "../hex.ts";
import type { Fleet, Member } from "./fleet.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Proofs } from "./proofs.ts";
import type { ClientPurse, ProcessPurse } from "./purse.ts";
import type { SpendingLog } from "./spending-log.ts";
import type { ClientGone } from "./upstream.ts";

export interface GatewayParts {
  readonly fleet: Fleet;
  readonly session: Session;
  readonly user: Address;
  readonly purse: ProcessPurse;
  readonly log: SpendingLog;
  readonly proofs: Proofs;
  readonly metrics: GatewayMetrics;
  /** Absent: nothing is ever topped up. */
  readonly topUps?: { readonly topUps: TopUps; readonly policies: TopUpPolicies };
  /** Tops up in the background. */
  readonly refill: (member: Member, policy: TopUpPolicy) => void;
  readonly limits: GatewayLimits;
  /** Release an answer only once its signature has been verified. */
  readonly verifyFirst: boolean;
  readonly say: Log;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

export interface GatewayLimits {
  /** Until an answer begins. Milliseconds. */
  readonly timeoutMs: number;
  /** Between two pieces of an answer. Milliseconds. */
  readonly idleMs: number;
  /** Largest body of a request. */
  readonly maxBody: number;
  /** Largest answer that is held as a whole. */
  readonly maxAnswer: number;
  /** Most tokens of an answer whose request does not say. */
  readonly maxTokens: number;
  /** Requests at a time. */
  readonly inFlight: number;
  /** How long requests under way may take once the gateway stops. Milliseconds. */
  readonly drainMs: number;
}

/** One request of a client. */
export interface Call {
  /** Unique in the spending log. */
  readonly id: string;
  readonly request: ServiceRequest;
  readonly client: { readonly name: string; readonly purse: ClientPurse };
  readonly sink: Sink;
}

/** Where an answer goes. */
export interface Sink {
  /** Whether and when the client goes away. */
  readonly gone: ClientGone;
  /** A whole answer. */
  whole(status: number, headers: Readonly<Record<string, string>>, body: Buffer): void;
  /** The beginning of one that comes in pieces. */
  begin(status: number, headers: Readonly<Record<string, string>>): void;
  /** The next piece; resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Its end. Without its end when `cut`, so that nobody takes it for whole. */
  end(cut?: boolean): void;
}
