import { HDNodeWallet, Mnemonic } from "ethers";

import { EXIT, ZgError } from "../errors.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { DEVELOPMENT_MNEMONIC } from "./development-mnemonic.ts";

/** Accounts recognised as published: tests derive a few more from the same mnemonic. */
export const DEVELOPMENT_ACCOUNTS = 64;

export interface DevelopmentAccount {
  readonly address: Address;
  readonly privateKey: Hex;
}

const derived = new Map<number, DevelopmentAccount>();
let parent: HDNodeWallet | undefined;

/** The published account at `m/44'/60'/0'/0/index`. */
export function developmentAccount(index: number): DevelopmentAccount {
  let account = derived.get(index);
  if (account === undefined) {
    parent ??= HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(DEVELOPMENT_MNEMONIC), "m/44'/60'/0'/0");
    const { address, privateKey } = parent.deriveChild(index);
    account = { address: checksum(address), privateKey: privateKey as Hex };
    derived.set(index, account);
  }
  return account;
}

/** The published account with this address; undefined when there is none. */
export function developmentAccountOf(address: string): DevelopmentAccount | undefined {
  const wanted = checksum(address);
  for (let index = 0; index < DEVELOPMENT_ACCOUNTS; index++) {
    const account = developmentAccount(index);
    if (account.address === wanted) return account;
  }
  return undefined;
}

export function isDevelopmentAddress(address: string): boolean {
  return developmentAccountOf(address) !== undefined;
}

/** A published key was about to sign on a live network, where anyone can take what it holds. */
export class DevelopmentKeyRefusedError extends ZgError {
  constructor(network: Network, address: Address) {
    super({
      code: "ZG_DEVELOPMENT_KEY",
      exit: EXIT.precondition,
      message: `${address} is a published development account; ${network.name} is public, and anyone could take its funds`,
      remedy: "Use a key of your own.",
      details: { network: network.name, address },
    });
  }
}

/** A real key was about to sign for chain 16602 on a network that is not the public one. */
export class RealKeyRefusedError extends ZgError {
  constructor(network: Network, address: Address) {
    super({
      code: "ZG_REAL_KEY",
      exit: EXIT.precondition,
      message: `${address} is not a development account; what it signs on ${network.name} would be valid on the public chain ${network.chainId} too`,
      remedy: "Leave the key out here: the published development accounts sign on embedded networks and forks.",
      details: { network: network.name, address },
    });
  }
}

/**
 * Asserts that `address` may sign on `network`.
 * @throws {DevelopmentKeyRefusedError} {@link RealKeyRefusedError}
 */
export function assertSignerAllowed(network: Network, address: Address): void {
  const development = isDevelopmentAddress(address);
  if (network.developmentKeysOnly && !development) throw new RealKeyRefusedError(network, address);
  if (!network.developmentKeysOnly && development) throw new DevelopmentKeyRefusedError(network, address);
}
