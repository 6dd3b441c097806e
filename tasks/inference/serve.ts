import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { NoSubAccountError, NoSuitableProviderError } from "../../lib/compute/errors.ts";
import { requiredLocked } from "../../lib/compute/funding.ts";
import { listServices, resolveService, type Service } from "../../lib/compute/providers.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { listSubAccounts, type SubAccount } from "../../lib/compute/sub-accounts.ts";
import { parseTopUpPolicies, policyFor, type TopUpPolicies } from "../../lib/compute/top-up.ts";
import { UsageError } from "../../lib/errors.ts";
import { makeBill, type Bill } from "../../lib/flow/bill.ts";
import { parseStrategy } from "../../lib/gateway/fleet.ts";
import { openGateway, type GatewayOptions } from "../../lib/gateway/gateway.ts";
import type { GatewayLimits } from "../../lib/gateway/parts.ts";
import { serveGateway } from "../../lib/gateway/server.ts";
import type { Address } from "../../lib/hex.ts";
import { kindOfServiceType } from "../../lib/protocol/services.ts";
import { reveal } from "../../lib/secrets.ts";
import { parseByteSize, withUnit } from "../../lib/units.ts";
import { type Answer } from "../support/action.ts";
import { parseCount, parsePort, type SpendingArguments } from "../support/arguments.ts";
import { selectedNetwork, withConnection, type OpenConnection } from "../support/connection.ts";
import { gatewayFilesOf, parseClients } from "../support/gateway.ts";
import { closeOnSignal } from "../support/signals.ts";
import { approve, billData, spendingCap } from "../support/spend.ts";
import { pairs, table } from "../support/table.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string | undefined;
  readonly route: string;
  readonly port: string;
  readonly host: string;
  readonly allowHost: string | undefined;
  readonly client: string | undefined;
  readonly verify: boolean;
  readonly topUp: string | undefined;
  readonly cancelRefunds: boolean;
  readonly maxTokens: string | undefined;
  readonly maxBody: string | undefined;
  readonly timeout: string | undefined;
  readonly inFlight: string | undefined;
  readonly drain: string | undefined;
  readonly as: string | undefined;
}

/**
 * Keeps a server's memory flat. What outlives a request by chance is left to the next full collection, before which V8 lets
 * the heap double; collecting some 60 MB a little more often costs milliseconds. The first collection takes what starting
 * left behind, and makes the new limit count.
 */
function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=20");
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** A service, and what the user has there. */
interface Funded {
  readonly service: Service;
  readonly subAccount: SubAccount | undefined;
}

function parseLimits(args: Arguments): Partial<GatewayLimits> {
  const seconds = (text: string | undefined, name: string) =>
    text === undefined ? undefined : parseCount(text, name, 1) * 1000;
  const timeoutMs = seconds(args.timeout, "timeout");
  const drainMs = seconds(args.drain, "drain");
  return {
    ...(args.maxTokens === undefined ? {} : { maxTokens: parseCount(args.maxTokens, "max-tokens", 1) }),
    ...(args.maxBody === undefined ? {} : { maxBody: parseByteSize(args.maxBody, "--max-body") }),
    ...(timeoutMs === undefined ? {} : { timeoutMs, idleMs: timeoutMs }),
    ...(args.inFlight === undefined ? {} : { inFlight: parseCount(args.inFlight, "in-flight", 1) }),
    ...(drainMs === undefined ? {} : { drainMs }),
  };
}

/** The providers that were named, or all at which the user has something to spend. */
async function chosen(
  { read }: OpenConnection,
  owner: Address,
  named: string | undefined,
  policies: TopUpPolicies,
): Promise<readonly Funded[]> {
  const subAccounts = new Map((await listSubAccounts(read, owner)).map((account) => [account.provider, account]));
  if (named === undefined) {
    const services = await listServices(read, { endorsed: true });
    const found = services.flatMap((service) => {
      const subAccount = subAccounts.get(service.provider);
      const usable = (subAccount?.spendable ?? 0n) > 0n && kindOfServiceType(service.serviceType) !== undefined;
      return usable ? [{ service, subAccount }] : [];
    });
    if (found.length > 0) return found;
    const wanted = "an endorsed provider at which this account has a balance (npx hardhat ledger transfer makes one)";
    throw new NoSuitableProviderError({ wanted, registered: services.length, refused: [] });
  }
  const found: Funded[] = [];
  for (const name of named.split(",")) {
    const service = await resolveService(read, name);
    const { provider, serviceType } = service;
    if (kindOfServiceType(serviceType) === undefined) {
      throw new UsageError({
        message: `Provider ${provider} sells ${serviceType}, which the gateway has no path for`,
        remedy: "Name another one; docs/gateway.md lists the paths.",
        details: { provider, serviceType },
      });
    }
    const subAccount = subAccounts.get(provider);
    if (subAccount === undefined && policyFor(policies, provider) === undefined) {
      throw new NoSubAccountError({ user: owner, provider, minimum: requiredLocked(0n, 0n) });
    }
    if (!found.some((other) => other.service.provider === provider)) found.push({ service, subAccount });
  }
  return found;
}

/** The most that answers can cost: what is there, what top-ups may bring in a day, and never more than --max-spend. */
function billOf(funded: readonly Funded[], policies: TopUpPolicies, cap: bigint | undefined): Bill {
  const there = funded.reduce((sum, { subAccount }) => sum + (subAccount?.spendable ?? 0n), 0n);
  const topUps = funded.reduce((sum, { service }) => sum + (policyFor(policies, service.provider)?.cap ?? 0n), 0n);
  const all = there + topUps;
  const amount = cap !== undefined && cap < all ? cap : all;
  const note =
    topUps === 0n
      ? `at most, from sub-accounts that hold ${withUnit(there)}`
      : `at most in a day, from sub-accounts that hold ${withUnit(there)} and up to ${withUnit(topUps)} of top-ups, gas beside`;
  return makeBill([{ what: "answers to clients of the gateway", amount, from: "fee", note }]);
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const network = selectedNetwork(hre);
  const files = gatewayFilesOf(hre, network);
  const port = parsePort(args.port, "port");
  const strategy = parseStrategy(args.route);
  const limits = parseLimits(args);
  const policies: TopUpPolicies = args.topUp === undefined ? new Map() : parseTopUpPolicies(args.topUp);
  const clients = args.client === undefined ? undefined : parseClients(args.client);
  const maxSpend = spendingCap(args);
  const hosts = args.allowHost?.split(",").map((name) => name.trim().toLowerCase());

  // Answers when it serves; the connection stays open until a signal.
  return new Promise<Answer>((resolve, reject) => {
    const serve = async (open: OpenConnection) => {
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const funded = await chosen(open, owner, args.provider, policies);
      const bill = billOf(funded, policies, maxSpend);
      const common = { network: network.name, mode: network.mode, user: owner, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "serve"))) {
        resolve({ data: { ...common, dryRun: true }, text: ["dry run: nothing was served"] });
        return;
      }
      const session = new SessionTokens({ network, provider: ctx.provider, signer: ctx.signer });
      const services = funded.map(({ service }) => service);
      const options: GatewayOptions = {
        ctx,
        session,
        services,
        strategy,
        files,
        limits,
        verifyFirst: args.verify,
        log: io.log,
        ...(args.topUp === undefined ? {} : { topUps: { policies, cancelRefunds: args.cancelRefunds } }),
        ...(maxSpend === undefined ? {} : { maxSpend }),
        ...(clients === undefined ? {} : { clients }),
      };
      keepHeapSmall();
      const gateway = await openGateway(options);
      const { url, close } = await serveGateway(gateway, {
        host: args.host,
        port,
        ...(hosts === undefined ? {} : { hosts }),
      });
      const keys = [...gateway.newKeys];
      for (const [, key] of keys) reveal(key);
      resolve({
        data: {
          ...common,
          url,
          baseUrl: `${url}/v1`,
          keys: Object.fromEntries(keys),
          ownerKeyFile: files.ownerKey,
          spendingLog: files.spending,
          verifyFirst: args.verify,
          route: strategy,
          providers: services.map(({ provider, model, serviceType }) => ({ provider, model, serviceType })),
        },
        text: [
          ...table([
            ["model", "provider", "sells"],
            ...services.map(({ model, provider, serviceType }) => [model, provider, serviceType]),
          ]),
          "",
          ...pairs([
            ["base URL", `${url}/v1`],
            ...keys.map(([name, key]) => [`key of ${name}, shown once`, key] as const),
            ["owner's key", files.ownerKey],
            ["spending log", files.spending],
            ["answers", args.verify ? "released once verified" : "released at once, verified afterwards"],
          ]),
          "",
          "Ctrl-C stops it.",
        ],
      });
      await closeOnSignal("gateway", close, io);
    };
    withConnection(hre, serve, io).catch(reject);
  });
});
