import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../lib/errors.ts";
import { UnknownCodeError } from "../../lib/galileo/errors.ts";
import { shortAddress } from "../../lib/hex.ts";
import { inspectGalileo, type CodeMatch, type GalileoStatus } from "../../lib/galileo/status.ts";
import { withUnit } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { ownAttestors } from "../support/attestors.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";

/** Reads only. Exit 3 when something that should stand there does not. */
async function status(_args: object, hre: HardhatRuntimeEnvironment): Promise<Answer> {
  const selected = selectedNetwork(hre);
  if (selected.upstream !== "galileo") {
    throw new UsageError({
      message: `galileo status knows the code of Galileo, not of ${selected.name}`,
      remedy: "Use it without --network, or with --network localhost, galileo or galileoFork.",
      details: { network: selected.name },
    });
  }
  return withConnection(hre, async (open) => {
    const { network, connection, read } = open;
    const attestors = await ownAttestors(open);
    const found = await inspectGalileo({
      network,
      rpc: connection.provider,
      provider: read.provider,
      fetch,
      attestors,
    });
    const unknown = found.predeploys.filter(({ match }) => match === "neither" || match === "empty");
    const refusal =
      unknown.length === 0
        ? undefined
        : new UnknownCodeError({
            network: network.name,
            contracts: unknown.map(({ name, address }) => ({ name, address })),
          });
    return { data: found, text: describe(found), refusal };
  });
}

const MEANING: Record<CodeMatch, string> = {
  both: "Galileo's code",
  placed: "as placed here",
  recorded: "Galileo's code",
  neither: "UNKNOWN CODE",
  empty: "MISSING",
};

function describe(found: GalileoStatus): readonly string[] {
  const { predeploys, precompiles, services, serviceCount, attestors, simulated } = found;
  const reasons = [
    ...new Set(predeploys.filter(({ match }) => match === "placed").map(({ difference }) => difference)),
  ];
  return [
    `${found.network}: chain ${found.chainId} (${found.mode}), block ${found.blockNumber}, genesis ${found.genesisHash}`,
    `owner of 0G's contracts ${found.owner}, lock ${found.lockTime} s, ` +
      `first deposit ${withUnit(found.minimumDeposit)}, first transfer ${withUnit(found.minimumTransfer)}`,
    "",
    "Code",
    ...predeploys.map(({ name, address, match, codeHash, difference }) => {
      const note = match === "placed" ? ` [${reasons.indexOf(difference) + 1}]` : "";
      return `  ${name.padEnd(40)}  ${address}  ${shortAddress(codeHash ?? "0x")}  ${MEANING[match]}${note}`;
    }),
    ...precompiles.map(
      ({ name, address, standIn }) =>
        `  ${name.padEnd(40)}  ${address}  ${standIn ? "stand-in that refuses every call" : "no code to be seen"}`,
    ),
    ...reasons.map((reason, index) => `  [${index + 1}] ${reason ?? ""}`),
    "",
    `Services (${services.length} of ${serviceCount} asked)`,
    ...services.map(
      ({ provider, model, url, endorsed, alive, reason }) =>
        `  ${provider}  ${endorsed ? "endorsed    " : "not endorsed"}  ${alive ? "alive" : `down (${reason ?? "?"})`}  ${model}  ${url}`,
    ),
    ...(attestors.length === 0 ? [] : ["", "Attestors"]),
    ...attestors.map(
      ({ address, url, alive, reason }) => `  ${address}  ${alive ? "alive" : `down (${reason ?? "?"})`}  ${url}`,
    ),
    ...(simulated.length === 0 ? [] : ["", "Simulated", ...simulated.map((what) => `  ${what}`)]),
  ];
}

export default action(status);
