import { feeOf } from "../../../../lib/compute/inference.ts";
import { createReceipt, type Receipt } from "../../../../lib/compute/receipt.ts";
import { verifyInference } from "../../../../lib/compute/verify.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import { GENESIS } from "../../compute/support/fake-chain.ts";
import { bytes, provider, service, sign, user } from "../../compute/support/fixtures.ts";

/** A receipt of a chat, as it is written. */
export async function receipts(): Promise<readonly Receipt[]> {
  const listed = service();
  const usage = { promptTokens: 10, completionTokens: 3 };
  const requestBytes = bytes('{"messages":[],"model":"maker/small-model"}');
  const responseBytes = bytes('{"id":"1","choices":[{"message":{"content":"four"}}]}');
  const signature = await sign(requestBytes, responseBytes);
  const result = {
    ...{ provider, user, model: listed.model, requestBytes, responseBytes, status: 200, content: "four", usage },
    chatId: { id: "key-1", source: "header" as const },
    fee: feeOf(listed, { content: "four", usage }),
    ...{ startedAt: 1_750_000_000_000, finishedAt: 1_750_000_001_000 },
  };
  const verification = verifyInference({ service: listed, requestBytes, responseBytes, signature });
  const network = networkNamed("localhost");
  return [createReceipt({ network, genesisHash: GENESIS, service: listed, result, signature, verification })];
}
