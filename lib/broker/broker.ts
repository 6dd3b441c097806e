/** Everything an account and a provider do at 0G Compute behind one object, with the names users know from the SDKs. */

import { randomBytes } from "node:crypto";

import type { Provider, Signer } from "ethers";

import { borderOf } from "../border.ts";
import { assertChain } from "../chain/connect.ts";
import type { Log, SignedTransaction, Spending, WriteContext } from "../chain/context.ts";
import type { SharedNonces } from "../chain/nonce-file.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { SessionTokens } from "../compute/session.ts";
import { EXIT, ZgError } from "../errors.ts";
import { networkNamed, type NetworkName } from "../networks.ts";
import { inferencePart, type InferenceBroker } from "./inference.ts";
import { keysPart, type KeysBroker } from "./keys.ts";
import { ledgerPart, type LedgerBroker } from "./ledger.ts";
import { operatorPart, type OperatorBroker } from "./operator.ts";

export interface BrokerOptions {
  /** By name; the chain id is asserted, never used to pick. */
  readonly network: NetworkName;
  /** Default: the signer's. */
  readonly provider?: Provider;
  readonly http?: HttpDeps;
  readonly log?: Log;
  /** Caps what the wallet may spend. */
  readonly spending?: Spending;
  /** What a unit of gas costs at most, tip included, in neuron; the network's own fees when absent. */
  readonly gasPrice?: bigint;
  /** Told hash and nonce of each transaction before it is sent. */
  readonly onSigned?: (transaction: SignedTransaction) => void | Promise<void>;
  /** Keeps the nonces of the key apart among processes; `nonceFile` makes one. */
  readonly sharedNonces?: SharedNonces;
  /** Where API keys and the record of their ids are kept; the commands use `.0g/<network>/keys`. */
  readonly keyFolder?: string;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  /** Must be cryptographically secure. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

/** A broker was made with a signer that is connected to no chain. */
export class SignerNotConnectedError extends ZgError {
  constructor() {
    super({
      code: "ZG_SIGNER_NOT_CONNECTED",
      exit: EXIT.usage,
      message: "The signer is not connected to a provider",
      remedy: "Connect it (signer.connect(provider)), or pass a provider to createBroker.",
    });
  }
}

export interface Broker {
  readonly ledger: LedgerBroker;
  readonly inference: InferenceBroker;
  /** API keys. */
  readonly keys: KeysBroker;
  /** For whoever runs a provider, or owns the contract. */
  readonly operator: OperatorBroker;
}

/**
 * Makes a broker for a signer on a named network. Asserts the chain id once, before the first call.
 * @throws {UsageError} for an unknown network. {@link SignerNotConnectedError}
 * @example
 * const broker = createBroker(wallet, { network: "galileo" });
 * const [service] = await broker.inference.listService({ mintable: true });
 */
export function createBroker(signer: Signer, options: BrokerOptions): Broker {
  const network = networkNamed(options.network);
  const provider = options.provider ?? signer.provider;
  if (provider === null) throw new SignerNotConnectedError();
  const { log, spending, gasPrice, onSigned, sharedNonces, keyFolder } = options;
  const http: HttpDeps = { border: borderOf(network), ...options.http };
  const clock = options.clock ?? http.clock ?? Date.now;
  const random = options.randomBytes ?? randomBytes;
  const context: WriteContext = {
    network,
    provider,
    signer,
    ...(log === undefined ? {} : { log }),
    ...(spending === undefined ? {} : { spending }),
    ...(gasPrice === undefined ? {} : { gasPrice }),
    ...(onSigned === undefined ? {} : { onSigned }),
    ...(sharedNonces === undefined ? {} : { sharedNonces }),
    ...(http.signal === undefined ? {} : { signal: http.signal }),
  };
  const session = new SessionTokens({ network, provider, signer, randomBytes: random, clock });
  let checked: Promise<void> | undefined;
  const ready = async (): Promise<WriteContext> => {
    checked ??= assertChain(network, provider);
    try {
      await checked;
    } catch (error) {
      checked = undefined; // an outage now says nothing about later
      throw error;
    }
    return context;
  };
  const parts = { ready, session, http, clock, random };
  return {
    ledger: ledgerPart(parts),
    inference: inferencePart(parts),
    keys: keysPart(parts, keyFolder),
    operator: operatorPart(parts),
  };
}
