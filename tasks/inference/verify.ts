import { assertReceipt, verifyReceipt } from "../../lib/compute/receipt.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { checkLines } from "../support/checks.ts";
import { withConnection } from "../support/connection.ts";
import { readReceiptFile } from "../support/receipts.ts";
import { pairs } from "../support/table.ts";

interface Arguments {
  readonly receipt: string;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const receipt = await readReceiptFile(required(args.receipt, "The receipt", "inference verify receipt.json"));
  return withConnection(
    hre,
    async ({ read, network }) => {
      const found = await verifyReceipt(read, receipt);
      return {
        data: { network: network.name, ...found },
        text: [
          ...pairs([
            ["verdict", found.status],
            ["checked on", `${network.name} (${network.mode})`],
            ["provider", receipt.service.provider],
            ["signer", found.signer ?? "none"],
          ]),
          "",
          ...checkLines(found.checks, found.notChecked),
        ],
        refusal: refusalOf(() => {
          assertReceipt(found);
        }),
      };
    },
    io,
  );
});
