import { chainCall } from "../../lib/chain/revert.ts";
import { planFlow } from "../../lib/flow/flow.ts";
import { MemoryJournal } from "../../lib/flow/journal.ts";
import { parseAddress } from "../../lib/hex.ts";
import { action, type Answer } from "../support/action.ts";
import { parseClaim, parseCount } from "../support/arguments.ts";
import { ownAddress, withConnection } from "../support/connection.ts";
import { flowReadContext, questionOf } from "../support/flow.ts";
import type { PromptArguments } from "../support/prompt.ts";
import { billData, billLines } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";

interface Arguments extends PromptArguments {
  readonly account: string | undefined;
  readonly claim: string | undefined;
  readonly calls: string;
  readonly noStorage: boolean;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const claim = parseClaim(args.claim);
  const calls = parseCount(args.calls, "calls", 1);
  const account = args.account === undefined ? undefined : parseAddress(args.account, "account");
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const journal = new MemoryJournal();
      const question = await questionOf(network, journal, args);
      const owner = account ?? ownAddress(open);
      const stores = openStores(hre, read);
      const { noStorage } = args;
      const parts = { open, stores, journal, owner, question, claim, noStorage, io };
      const bill = await planFlow(await flowReadContext(parts), undefined, calls);
      const wallet = await chainCall(`Reading the balance of ${owner}`, read.provider.getBalance(owner));
      return {
        data: { network: network.name, mode: network.mode, owner, calls, wallet, plan: billData(bill) },
        text: billLines(bill),
      };
    },
    io,
  );
});
