import { isNetworkName } from "../../lib/networks.ts";

/** A command of this project in a sentence: not one that names its network, nor one that has none. */
const COMMAND = /npx hardhat (?!--network |galileo up\b|keystore |build\b)(?![^;)\n]*--network )/g;

/**
 * Adds the network at hand to the commands of a text, so that they can be pasted: the libraries that name them do not
 * choose one, and without it a command runs on the embedded network.
 */
export function onNetwork(text: string, network: string | undefined): string {
  if (network === undefined || network === "default" || !isNetworkName(network)) return text;
  return text.replaceAll(COMMAND, `npx hardhat --network ${network} `);
}
