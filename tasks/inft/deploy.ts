import { deployInft, deploymentDraft, INFT_CONTRACT, recordDeployment } from "../../lib/inft/deploy.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { explorerLink } from "../../lib/networks.ts";
import type { Answer } from "../support/action.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { builtArtifact } from "../support/artifacts.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { assertVerifiable, outcomeLines, verifyDeployed } from "../support/verify-source.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly name: string;
  readonly symbol: string;
  readonly force: boolean;
  readonly verify: boolean;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  if (args.verify) assertVerifiable(selectedNetwork(hre));
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const stores = openStores(hre, read);
      const existing = args.force ? undefined : await stores.inft.load();
      const common = { network: network.name, mode: network.mode, kept: stores.kept };
      const source = async (address: `0x${string}`, constructorArguments: readonly unknown[]) =>
        args.verify
          ? verifyDeployed(hre, network, { address, contractName: INFT_CONTRACT, constructorArguments }, io)
          : undefined;
      if (existing !== undefined) {
        if (args.verify) await builtArtifact(hre, INFT_CONTRACT, io);
        const outcome = await source(existing.address, existing.args);
        return {
          data: { ...common, deployed: false, address: existing.address, source: outcome },
          text: [
            `the iNFT contract is deployed already: ${existing.address} (--force deploys another)`,
            ...(outcome === undefined ? [] : outcomeLines(outcome)),
          ],
        };
      }

      const writer = await openWriter(open, args, io);
      const { ctx } = writer;
      const artifact = await builtArtifact(hre, INFT_CONTRACT, io);
      const { draft } = deploymentDraft(network, artifact, args);
      const bill = makeBill(await transactionRows(writer, draft));
      const planned = { ...common, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, draft.what))) {
        return { data: { ...planned, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      const { address, transaction, args: constructorArguments } = await deployInft(ctx, artifact, args);
      const deployed = { address, transaction: transaction.hash, args: constructorArguments };
      await recordDeployment(read, stores.inft, { ...deployed, artifact });
      const outcome = await source(address, constructorArguments);
      const link = explorerLink(network, "address", address);
      return {
        data: {
          ...planned,
          deployed: true,
          address,
          transaction: transactionData(network, transaction),
          source: outcome,
        },
        text: [
          `iNFT contract ${address}`,
          ...(link === undefined ? [] : [`  ${link}`]),
          stores.kept
            ? `recorded in deployments/${network.name}/${INFT_CONTRACT}.json`
            : "not recorded: this network ends with the command",
          ...transactionLines(network, [transaction]),
          ...(outcome === undefined ? [] : outcomeLines(outcome)),
        ],
      };
    },
    io,
  );
});
