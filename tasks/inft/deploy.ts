import { currentFees } from "../../lib/chain/fees.ts";
import type { ConfirmedTransaction } from "../../lib/chain/send.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { GAS_BOUNDS } from "../../lib/flow/gas.ts";
import type { Address } from "../../lib/hex.ts";
import {
  deployInft,
  deployVerifier,
  inftDeployment,
  INFT_CONTRACT,
  recordDeployment,
  verifierDeployment,
  VERIFIER_CONTRACT,
} from "../../lib/inft/deploy.ts";
import type { DeploymentRecord } from "../../lib/inft/records.ts";
import { findAttestorSet } from "../../lib/inft/attestor/set.ts";
import { explorerLink } from "../../lib/networks.ts";
import type { Answer } from "../support/action.ts";
import { builtArtifact } from "../support/artifacts.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import {
  attestorLine,
  chooseVerifier,
  parseDeploymentOptions,
  type DeploymentArguments,
} from "../support/deployment-options.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { deployedModules } from "../support/inft.ts";
import { assertVerifiable, outcomeLines, verifyDeployed, type DeployedContract } from "../support/verify-source.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends DeploymentArguments {
  readonly force: boolean;
  readonly verify: boolean;
}

/** The contracts of a deployment whose sources are here, in the order they were made. */
function contractsOf(inft: Pick<DeploymentRecord, "address" | "args">, verifier: DeploymentRecord | undefined) {
  const own = verifier === undefined ? [] : [{ contractName: VERIFIER_CONTRACT, record: verifier }];
  return [...own, { contractName: INFT_CONTRACT, record: inft }].map(({ contractName, record }) => ({
    contractName,
    address: record.address,
    constructorArguments: record.args,
  }));
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  if (args.verify) assertVerifiable(selectedNetwork(hre));
  const options = parseDeploymentOptions(args, selectedNetwork(hre));
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { records, kept } = openStores(hre, read);
      const common = { network: network.name, mode: network.mode, kept };
      const sources = async (contracts: readonly DeployedContract[]) => {
        if (!args.verify) return undefined;
        const outcomes = [];
        for (const contract of contracts) {
          outcomes.push({ ...contract, ...(await verifyDeployed(hre, network, contract, io)) });
        }
        return outcomes;
      };
      const existing = args.force ? undefined : await records.inft.load();
      if (existing !== undefined) {
        if (args.verify) await builtArtifact(hre, INFT_CONTRACT, io);
        const own = await records.verifier.load();
        const verifier = own !== undefined && existing.args.includes(own.address) ? own : undefined;
        const outcomes = await sources([
          ...contractsOf(existing, verifier),
          ...(args.verify ? await deployedModules(open, existing.address) : []),
        ]);
        return {
          data: { ...common, deployed: false, address: existing.address, sources: outcomes },
          text: [
            `the iNFT contract is deployed already: ${existing.address} (--force deploys another)`,
            ...(outcomes ?? []).flatMap(outcomeLines),
          ],
        };
      }

      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const chosen = await chooseVerifier(open, records, { ...options, owner, force: args.force }, io);
      const artifacts = {
        verifier: await builtArtifact(hre, VERIFIER_CONTRACT, io),
        inft: await builtArtifact(hre, INFT_CONTRACT, io),
      };
      const rows: BillRow[] = [];
      const termsWith = (verifier: Address) => ({ ...options.inft, verifier });
      if (chosen.kind === "new") {
        rows.push(...(await transactionRows(writer, verifierDeployment(artifacts.verifier, chosen.terms).draft)));
        // The iNFT can be estimated only once its verifier stands.
        const { maxFeePerGas } = await currentFees(writer.ctx);
        const amount = GAS_BOUNDS.deployInft * maxFeePerGas;
        rows.push({
          what: "gas to deploy the iNFT contract",
          amount,
          from: "wallet",
          note: `up to ${GAS_BOUNDS.deployInft} gas`,
        });
      } else {
        const { draft } = inftDeployment(network, artifacts.inft, termsWith(chosen.address));
        rows.push(...(await transactionRows(writer, draft)));
      }
      const bill = makeBill(rows);
      const planned = { ...common, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "deploy"))) {
        return { data: { ...planned, dryRun: true }, text: ["dry run: nothing was sent"] };
      }

      const sent: ConfirmedTransaction[] = [];
      let verifier: Pick<DeploymentRecord, "address"> & { readonly record?: DeploymentRecord };
      if (chosen.kind === "standing") verifier = chosen;
      else {
        const deployed = await deployVerifier(ctx, artifacts.verifier, chosen.terms);
        sent.push(deployed.transaction);
        const record = await recordDeployment(read, records.verifier, {
          contractName: VERIFIER_CONTRACT,
          ...deployed,
          transaction: deployed.transaction.hash,
          artifact: artifacts.verifier,
        });
        verifier = { address: record.address, record };
      }
      const deployed = await deployInft(ctx, artifacts.inft, termsWith(verifier.address));
      sent.push(deployed.transaction);
      const record = await recordDeployment(read, records.inft, {
        contractName: INFT_CONTRACT,
        ...deployed,
        transaction: deployed.transaction.hash,
        artifact: artifacts.inft,
      });
      const { address } = record;
      const modules = await deployedModules(open, address);
      const outcomes = await sources([...contractsOf(record, verifier.record), ...modules]);
      const link = explorerLink(network, "address", address);
      const attestors = await findAttestorSet(read, verifier.address);
      return {
        data: {
          ...planned,
          deployed: true,
          address,
          verifier: verifier.address,
          modules: modules.map(({ contractName, address: at }) => ({ contractName, address: at })),
          attestors,
          transactions: sent.map((transaction) => transactionData(network, transaction)),
          sources: outcomes,
        },
        text: [
          `iNFT contract ${address}`,
          ...(link === undefined ? [] : [`  ${link}`]),
          `verifier of transfers ${verifier.address}${chosen.kind === "standing" ? ", as it was" : ""}`,
          ...(attestors === undefined ? [] : [`  ${attestorLine(attestors)}`]),
          kept ? `recorded in deployments/${network.name}/` : "not recorded: this network ends with the command",
          ...transactionLines(network, sent),
          ...(outcomes ?? []).flatMap(outcomeLines),
        ],
      };
    },
    io,
  );
});
