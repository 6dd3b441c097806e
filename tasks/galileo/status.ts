import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../lib/errors.ts";
import { UnknownCodeError } from "../../lib/galileo/errors.ts";
import { shortAddress } from "../../lib/hex.ts";
import { inspectGalileo, type CodeMatch, type GalileoStatus } from "../../lib/galileo/status.ts";
import { withUnit } from "../../lib/units.ts";
import type { StorageCodeMatch } from "../../lib/galileo/storage/status.ts";
import { action, type Answer } from "../support/action.ts";
import { ownAttestors } from "../support/attestors.ts";
import { ownStorage } from "../support/storage.ts";
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
    const [attestors, storage] = await Promise.all([ownAttestors(open), ownStorage(open)]);
    const found = await inspectGalileo({
      network,
      rpc: connection.provider,
      provider: read.provider,
      fetch,
      attestors,
      storage,
    });
    const unknown = [...found.predeploys, ...found.storage.contracts].filter(
      ({ match }) => match === "neither" || match === "empty",
    );
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

const MEANING: Record<CodeMatch | StorageCodeMatch, string> = {
  both: "Galileo's code",
  placed: "as placed here",
  recorded: "Galileo's code",
  unrecorded: "not on record",
  neither: "UNKNOWN CODE",
  empty: "MISSING",
};

function describe(found: GalileoStatus): readonly string[] {
  const { precompiles, services, serviceCount, attestors, storage, simulated } = found;
  const contracts = [...found.predeploys, ...storage.contracts];
  const reasons = [...new Set(contracts.filter(({ match }) => match === "placed").map(({ difference }) => difference))];
  return [
    `${found.network}: chain ${found.chainId} (${found.mode}), block ${found.blockNumber}, genesis ${found.genesisHash}`,
    `owner of 0G's contracts ${found.owner}, lock ${found.lockTime} s, ` +
      `first deposit ${withUnit(found.minimumDeposit)}, first transfer ${withUnit(found.minimumTransfer)}`,
    "",
    "Code",
    ...contracts.map(({ name, address, match, codeHash, difference }) => {
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
    "",
    `Storage${storage.pricePerSector === undefined ? "" : ` (${storage.submissions ?? 0n} submissions, ${storage.pricePerSector} neuron for 256 bytes)`}`,
    ...storage.servers.map(
      ({ part, url, shard, alive, reason }) =>
        `  ${part.padEnd(7)}  ${alive ? "alive" : `down (${reason ?? "?"})`}  ${url}${shard === undefined ? "" : `  shard ${shard}`}`,
    ),
    ...(simulated.length === 0 ? [] : ["", "Simulated", ...simulated.map((what) => `  ${what}`)]),
  ];
}

export default action(status);
