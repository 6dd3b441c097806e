import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../lib/errors.ts";
import { NotServableError } from "../../lib/galileo/errors.ts";
import { serveGalileo, type ServedGalileo } from "../../lib/galileo/serve.ts";
import { action, type Answer, type TaskIo } from "../support/action.ts";
import { parsePort } from "../support/arguments.ts";
import { selectedNetwork } from "../support/connection.ts";
import { closeOnSignal } from "../support/signals.ts";

interface UpArguments {
  readonly port: string | undefined;
  readonly providerPort: string | undefined;
  readonly upstream: string | undefined;
}

const DEFAULT_PORT = "8545";

/** Serves, answers as soon as it is ready, and goes on serving until a signal: the open server keeps the process. */
async function up(args: UpArguments, hre: HardhatRuntimeEnvironment, io: TaskIo): Promise<Answer> {
  const network = selectedNetwork(hre);
  if (network.name !== "default") throw new NotServableError(network.name);
  const served = await serveGalileo(hre, {
    port: parsePort(args.port ?? DEFAULT_PORT, "port"),
    providerPort: parsePort(args.providerPort ?? "0", "provider-port"),
    ...(args.upstream === undefined ? {} : { upstream: parseUpstream(args.upstream) }),
    allServices: true,
    log: io.log,
  });
  void closeOnSignal("galileo", served.close, io);
  const { url, chainId, contracts, providers, attestor, storage, accounts } = served;
  return { data: { url, chainId, contracts, providers, attestor, storage, accounts }, text: describe(served) };
}

function parseUpstream(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError({
    message: `--upstream ${JSON.stringify(text)} is not an http address`,
    remedy: "Give the base URL of an OpenAI-compatible server, e.g. http://127.0.0.1:11434",
    details: { upstream: text },
  });
}

function describe({
  url,
  chainId,
  contracts,
  providers,
  attestor,
  storage,
  accounts,
}: ServedGalileo): readonly string[] {
  const used = accounts.filter(({ index, role }) => index === 1 || role !== "free");
  const network = url === `http://127.0.0.1:${DEFAULT_PORT}` ? "" : `LOCALHOST_RPC_URL=${url} `;
  const hardhat = `${network}npx hardhat --network localhost`;
  return [
    `Embedded Galileo, chain ${chainId}, at ${url} (Ctrl-C stops it; nothing is kept)`,
    "",
    "0G's contracts, at their Galileo addresses",
    `  LedgerManager       ${contracts.ledgerManager}`,
    `  InferenceServing    ${contracts.inferenceServing}`,
    `  FineTuningServing   ${contracts.fineTuningServing}`,
    `  Flow (storage)      ${contracts.storageFlow}`,
    "",
    "Providers",
    ...providers.map(
      ({ address, model, serviceType, url: at, endorsed }) =>
        `  ${address}  ${at}  ${model}  ${serviceType}${endorsed ? "" : "  (not endorsed)"}`,
    ),
    "",
    "Attestor (development: an ordinary key, made for this run)",
    `  ${attestor.address}  ${attestor.url}`,
    "",
    "Storage (what is stored goes with this chain)",
    `  indexer  ${storage.indexer}`,
    ...storage.nodes.map(({ url: at, shardId, numShard }) => `  node     ${at}  shard ${shardId} of ${numShard}`),
    "",
    `Accounts, 10000 0G each. The keys are published: never use them on a public chain (all ${accounts.length}: --json)`,
    ...used.map(({ index, address, privateKey, role }) => `  #${index}  ${address}  ${privateKey}  ${role}`),
    "",
    "Next, in another terminal",
    `  ${hardhat} galileo status`,
    `  ${hardhat} provider list`,
    `  ${hardhat} flow run --prompt "What is 2+2?"`,
  ];
}

export default action(up);
