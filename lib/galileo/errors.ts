import { EXIT, ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";

/** An npm package whose published bytecode the embedded network runs is not installed, or lacks the expected file. */
export class PredeployPackageMissingError extends ZgError {
  constructor(values: { package: string; file: string }, cause?: unknown) {
    super({
      code: "ZG_PREDEPLOY_PACKAGE",
      exit: EXIT.precondition,
      message: `The embedded Galileo takes code from ${values.package}, but ${values.file} cannot be read there`,
      remedy: "Install the development dependencies too: npm ci",
      details: values,
      cause,
    });
  }
}

/** A package holds other code than the one this project was written against. */
export class PredeploySourceError extends ZgError {
  constructor(values: { package: string; file: string; expected: string; found: string }) {
    super({
      code: "ZG_PREDEPLOY_SOURCE",
      exit: EXIT.trust,
      message: `${values.package} is not the expected build: in ${values.file}, expected ${values.expected}, found ${values.found}`,
      remedy: "Install exactly what package-lock.json names: npm ci",
      details: values,
    });
  }
}

/** What stands at a predeploy's address is not the code its record lists. */
export class PredeployHashError extends ZgError {
  constructor(values: { name: string; address: Address; expected: Hex; actual: Hex }) {
    super({
      code: "ZG_PREDEPLOY_HASH",
      exit: EXIT.trust,
      message: `${values.name} at ${values.address} has code ${values.actual}, expected ${values.expected}`,
      remedy: "Install exactly what package-lock.json names: npm ci",
      details: values,
    });
  }
}

/** A step of the boot was refused by the chain: a defect here, or another EVM than the one this was written for. */
export class GalileoBootError extends ZgError {
  constructor(values: { what: string; reason: string }, cause?: unknown) {
    super({
      code: "ZG_GALILEO_BOOT",
      exit: EXIT.unexpected,
      message: `The embedded Galileo did not start: to ${values.what} failed (${values.reason})`,
      remedy: "Check that networks.default in hardhat.config.ts has chain id 16602 and its 20 development accounts.",
      details: values,
      cause,
    });
  }
}

/** `connection.galileo` was used on a network that has none. */
export class GalileoUnavailableError extends ZgError {
  constructor(network: string) {
    super({
      code: "ZG_GALILEO_UNAVAILABLE",
      exit: EXIT.usage,
      message: `Network ${network} has no embedded Galileo in this process`,
      remedy: "Connect to the network `default` or to a fork: await network.create()",
      details: { network },
    });
  }
}

/** The forked block is older than 0G's contracts. */
export class ForkWithoutContractsError extends ZgError {
  constructor(values: { network: string; address: Address; blockNumber: number }) {
    super({
      code: "ZG_FORK_CONTRACTS",
      exit: EXIT.precondition,
      message: `${values.network} is forked at block ${values.blockNumber}, where no LedgerManager stands at ${values.address}`,
      remedy: "Fork a later block (forking.blockNumber), and check that the RPC address serves that chain.",
      details: values,
    });
  }
}

/** `galileo up` serves the embedded network; the named one is not it. */
export class NotServableError extends ZgError {
  constructor(network: string) {
    super({
      code: "ZG_GALILEO_SERVE",
      exit: EXIT.usage,
      message: `galileo up serves the embedded network, not ${network}`,
      remedy: "Leave --network out: npx hardhat galileo up",
      details: { network },
    });
  }
}

/** The chain that answers has none of 0G's contracts at Galileo's addresses. */
export class GalileoMissingError extends ZgError {
  constructor(values: { network: string; address: Address }) {
    super({
      code: "ZG_GALILEO_MISSING",
      exit: EXIT.precondition,
      message: `The chain behind ${values.network} has no LedgerManager at ${values.address}`,
      remedy: "Another node listens there. Stop it and start the embedded Galileo: npx hardhat galileo up",
      details: values,
    });
  }
}

/** Something other than recorded stands at an address of 0G's contracts, or nothing. */
export class UnknownCodeError extends ZgError {
  constructor(values: { network: string; contracts: readonly { name: string; address: Address }[] }) {
    super({
      code: "ZG_GALILEO_CODE",
      exit: EXIT.precondition,
      message: `${values.network} has no known code at ${values.contracts.map(({ name, address }) => `${address} (${name})`).join(", ")}`,
      remedy: "On Galileo, 0G has upgraded since this was recorded. Elsewhere, start anew: npx hardhat galileo up",
      details: values,
    });
  }
}
