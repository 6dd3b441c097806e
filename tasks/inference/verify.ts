import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Receipt } from "../../lib/compute/receipt.ts";
import { verifyReceipt } from "../../lib/compute/receipt-check.ts";
import { action, refusalOf, type Answer, type TaskIo } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { checkLines } from "../support/checks.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertProved, readReceiptFile } from "../support/receipts.ts";
import { pairs } from "../support/table.ts";

interface Arguments {
  readonly receipt: string;
}

/** The in-process chain began with this command and can vouch for nothing: without another one only the bytes speak. */
async function check(receipt: Receipt, hre: HardhatRuntimeEnvironment, io: TaskIo) {
  const network = selectedNetwork(hre);
  if (network.name === "default") return { found: await verifyReceipt(undefined, receipt), checkedOn: undefined };
  const found = await withConnection(hre, async ({ read }) => verifyReceipt(read, receipt), io);
  return { found, checkedOn: network };
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const receipt = await readReceiptFile(required(args.receipt, "The receipt", "inference verify receipt.json"));
  const { found, checkedOn } = await check(receipt, hre, io);
  return {
    data: { network: checkedOn?.name ?? null, ...found },
    text: [
      ...pairs([
        ["verdict", found.status],
        ["checked on", checkedOn === undefined ? "no chain" : `${checkedOn.name} (${checkedOn.mode})`],
        ["provider", receipt.service.provider],
        ["signer", found.signer ?? "none"],
      ]),
      "",
      ...checkLines(found.checks, found.notChecked),
    ],
    refusal: refusalOf(() => {
      assertProved(receipt, found);
    }),
  };
});
