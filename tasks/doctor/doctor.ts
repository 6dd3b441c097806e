import { assertSignerAllowed } from "../../lib/chain/development-keys.ts";
import { keyVariable } from "../../lib/env.ts";
import { assertHealthy, examine } from "../../lib/flow/doctor.ts";
import { rpcPoolOf } from "../../lib/galileo/connections.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { onNetwork } from "../support/on-network.ts";
import { indexersOf } from "../support/storage.ts";
import { table } from "../support/table.ts";

export default action<object>(async (_args, hre, io): Promise<Answer> =>
  withConnection(
    hre,
    async (open) => {
      const found = await examine({
        read: open.read,
        account: () => {
          const account = open.knownAddress();
          if (account !== undefined) assertSignerAllowed(open.network, account);
          return account;
        },
        ...nodesOf(open),
        keyVariable: keyVariable(open.network.name),
        nodeVersion: process.version,
        indexers: await indexersOf(open, undefined),
        clock: Date.now,
      });
      const findings = found.map((finding) =>
        finding.remedy === undefined ? finding : { ...finding, remedy: onNetwork(finding.remedy, open.network.name) },
      );
      const count = (verdict: string) => findings.filter((finding) => finding.verdict === verdict).length;
      const warnings = count("warning");
      const summary = `${count("ok")} ok, ${warnings} warning${warnings === 1 ? "" : "s"}, ${count("to fix")} to fix`;
      return {
        data: { network: open.network.name, mode: open.network.mode, findings },
        text: [
          ...table(findings.map(({ verdict, name, detail }) => [verdict, name, detail])),
          ...findings.flatMap(({ name, remedy }) => (remedy === undefined ? [] : [`fix ${name}: ${remedy}`])),
          summary,
        ],
        refusal: refusalOf(() => {
          assertHealthy(findings);
        }),
      };
    },
    io,
  ),
);

function nodesOf({ connection }: OpenConnection) {
  const pool = rpcPoolOf(connection);
  if (pool === undefined) return {};
  return { nodes: async () => pool.probe().then(() => pool.health()) };
}
