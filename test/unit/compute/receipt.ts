import { expect } from "chai";

import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { ReceiptMalformedError, ReceiptRejectedError, ReceiptVersionError } from "../../../lib/compute/errors.ts";
import { feeOf, type InferenceResult } from "../../../lib/compute/inference.ts";
import {
  createReceipt,
  parseReceipt,
  receiptBytes,
  recordedService,
  type Receipt,
} from "../../../lib/compute/receipt.ts";
import { assertReceipt, verifyReceipt } from "../../../lib/compute/receipt-check.ts";
import type { Service } from "../../../lib/compute/providers.ts";
import { verifyInference } from "../../../lib/compute/verify.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { caught } from "./support/caught.ts";
import { fakeChain, GENESIS, Refusal } from "./support/fake-chain.ts";
import { bytes, provider, service, sign, strangerWallet, teeWallet, user } from "./support/fixtures.ts";

const requestBytes = bytes('{"messages":[],"model":"maker/small-model"}');
const responseBytes = bytes(
  JSON.stringify({
    id: "chatcmpl-1",
    choices: [{ message: { content: "four" } }],
    usage: { prompt_tokens: 10, completion_tokens: 3 },
  }),
);
const usage = { promptTokens: 10, completionTokens: 3 };

async function makeReceipt(wallet = teeWallet): Promise<Receipt> {
  const listed = service();
  const result: InferenceResult = {
    provider,
    user,
    model: listed.model,
    requestBytes,
    responseBytes,
    status: 200,
    chatId: { id: "key-1", source: "header" },
    content: "four",
    usage,
    fee: feeOf(listed, { content: "four", usage }),
    startedAt: 1_750_000_000_000,
    finishedAt: 1_750_000_001_000,
  };
  const signature = await sign(requestBytes, responseBytes, wallet);
  const verification = verifyInference({ service: listed, requestBytes, responseBytes, signature });
  const network = networkNamed("localhost");
  return createReceipt({ network, genesisHash: GENESIS, service: listed, result, signature, verification });
}

/** A chain that lists one service, or none. */
function chainListing(listed: Service | undefined, options: Parameters<typeof fakeChain>[1] = {}) {
  return fakeChain(
    {
      "inferenceServing.getService": (wanted: string) => {
        if (listed === undefined) throw new Refusal("inferenceServing", "ServiceNotExist", [wanted]);
        const { serviceType, url, inputPrice, outputPrice, updatedAt, model, verifiability, additionalInfo } = listed;
        const row = [serviceType, url, inputPrice, outputPrice, updatedAt, model, verifiability, additionalInfo];
        return [[listed.provider, ...row, listed.teeSignerAddress, listed.endorsed]];
      },
    },
    options,
  );
}

/** Through JSON, as a file goes. */
function reread(receipt: Receipt, changes: object = {}): Receipt {
  return parseReceipt(JSON.stringify({ ...receipt, ...changes }));
}

describe("createReceipt", () => {
  it("survives the way through a file unchanged", async () => {
    const receipt = await makeReceipt();
    expect(reread(receipt)).to.deep.equal(receipt);
    expect(receiptBytes(receipt)).to.deep.equal({ requestBytes, responseBytes });
    expect(recordedService(receipt)).to.deep.equal(service());
    expect(receipt).to.deep.include({ mode: "local", network: "localhost", chainId: 16602, genesisHash: GENESIS });
    expect(receipt.fee).to.deep.equal({ inputFee: "1000", outputFee: "600", fee: "1600" });
    expect(receipt.startedAt).to.equal("2025-06-15T15:06:40.000Z");
    expect(receipt.checks.map(({ name, passed }) => [name, passed])).to.deep.equal([
      ["signature", true],
      ["signer", true],
      ["response", true],
      ["request", true],
    ]);
  });

  it("holds no token", async () => {
    expect(JSON.stringify(await makeReceipt())).not.to.match(/app-sk|bearer|authorization/i);
  });
});

describe("parseReceipt", () => {
  it("names an unknown version before it looks at anything else", async () => {
    const error = await caught(ReceiptVersionError, () =>
      parseReceipt('{"kind":"0g-inference-receipt","version":9,"other":1}'),
    );
    expect(error.details).to.deep.equal({ version: 9, known: [1, 2, 3] });
  });

  it("refuses what is no receipt", async () => {
    for (const text of ["", "{", "null", "5", "[]", "{}", '{"kind":"x","version":1}']) {
      await caught(ReceiptMalformedError, () => parseReceipt(text));
    }
  });

  it("refuses wrong fields and unknown ones, and says which", async () => {
    const receipt = await makeReceipt();
    const wrong: readonly (readonly [object, string])[] = [
      [{ request: "***" }, "request"],
      [{ genesisHash: "0x12" }, "genesisHash"],
      [{ mode: "real" }, "mode"],
      [{ fee: { inputFee: "1.5", outputFee: "0", fee: "0" } }, "inputFee"],
      [{ fee: { inputFee: 5, outputFee: "0", fee: "0" } }, "inputFee"],
      [{ user: "0x1234" }, "user"],
      [{ surprise: true }, "surprise"],
      [{ service: { ...receipt.service, inputPrice: "-1" } }, "inputPrice"],
      [{ usage: { promptTokens: 1.5, completionTokens: 1 } }, "promptTokens"],
      [{ startedAt: "yesterday" }, "startedAt"],
    ];
    for (const [changes, field] of wrong) {
      const error = await caught(ReceiptMalformedError, () => reread(receipt, changes));
      expect(error.message).to.contain(field);
    }
  });
});

describe("verifyReceipt", () => {
  it("verifies an honest receipt against the chain, and finds the mode out itself", async () => {
    const { ctx } = chainListing(service());
    const verification = await verifyReceipt(ctx, reread(await makeReceipt(), { mode: "live" }));
    expect(verification).to.deep.include({ status: "verified", signer: teeWallet.address, mode: "local" });
    expect(verification.claimedMode).to.equal("live");
    expect(verification.notChecked).to.deep.equal([]);
    expect(verification.checks.map(({ name }) => name)).to.deep.equal([
      "signature",
      "signer",
      "response",
      "request",
      "network",
      "endorsement",
      "model",
      "content",
      "usage",
      "fee",
      "bounds",
    ]);
    assertReceipt(verification);
  });

  it("does not call a receipt verified without asking the chain", async () => {
    const verification = await verifyReceipt(undefined, await makeReceipt());
    expect(verification.status).to.equal("incomplete");
    expect(verification.notChecked.map(({ name }) => name)).to.deep.equal(["network", "signer", "endorsement"]);
    expect(verification.checks.map(({ name }) => name)).not.to.include("signer");
    expect(verification).not.to.have.property("mode");
  });

  const rejected = async (
    receipt: Receipt,
    failed: readonly string[],
    chain: ReturnType<typeof chainListing> | undefined = chainListing(service()),
  ) => {
    const verification = await verifyReceipt(chain.ctx, receipt);
    expect(verification).to.deep.include({ status: "rejected" });
    expect(verification.status === "rejected" ? verification.failed : []).to.deep.equal(failed);
    const error = await caught(ReceiptRejectedError, () => {
      assertReceipt(verification);
    });
    expect(error.details["failed"]).to.deep.equal(failed);
    return verification;
  };

  it("catches every lie a receipt can tell about its own bytes", async () => {
    const receipt = await makeReceipt();
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const lies: readonly (readonly [object, readonly string[]])[] = [
      [{ content: "five" }, ["content"]],
      [{ usage: { promptTokens: 1, completionTokens: 1 } }, ["usage"]],
      [{ usage: undefined }, ["usage"]],
      [{ fee: { inputFee: "1000", outputFee: "601", fee: "1600" } }, ["fee"]],
      [{ service: { ...receipt.service, model: "maker/large" } }, ["model"]],
      [{ service: { ...receipt.service, inputPrice: "1" } }, ["fee"]],
      [{ request: base64('{"model":"maker/small-model"}') }, ["request"]],
      [{ response: base64(Buffer.from(responseBytes).toString().replace("four", "five")) }, ["response", "content"]],
      [{ signature: { ...receipt.signature, text: "x" } }, ["signer", "response", "request"]],
      [{ signature: { ...receipt.signature, signature: "0x" } }, ["signature", "signer"]],
    ];
    for (const [changes, failed] of lies) await rejected(reread(receipt, changes), failed);
  });

  it("believes none of the receipt's own checks", async () => {
    const receipt = await makeReceipt(strangerWallet);
    const praised = reread(receipt, { checks: receipt.checks.map((check) => ({ ...check, passed: true })) });
    await rejected(praised, ["signer"]);
  });

  it("believes the chain about the signer, not the receipt", async () => {
    const forged = await makeReceipt(strangerWallet);
    const recorded = { ...forged.service, teeSignerAddress: strangerWallet.address };
    const verification = await rejected(reread(forged, { service: recorded }), ["signer"]);
    expect(verification.signer).to.equal(strangerWallet.address);
    // Without a chain, the forged record is consistent in itself: so that is never called verified.
    expect((await verifyReceipt(undefined, reread(forged, { service: recorded }))).status).to.equal("incomplete");
    // A signer that is not even the recorded one is rejected on no network at all.
    const offline = await verifyReceipt(undefined, forged);
    expect(offline.status === "rejected" ? offline.failed : []).to.deep.equal(["signer"]);
  });

  it("asks whether the signer is endorsed now", async () => {
    await rejected(await makeReceipt(), ["endorsement"], chainListing(service({ endorsed: false })));
  });

  it("takes a provider that is gone for a finding", async () => {
    await rejected(await makeReceipt(), ["endorsement", "signer"], chainListing(undefined));
  });

  it("tells chains of one id apart by their first block", async () => {
    const genesis = `0x${"cd".repeat(32)}` as const;
    await rejected(await makeReceipt(), ["network"], chainListing(service(), { genesis, network: "galileo" }));
    await rejected(await makeReceipt(), ["network"], chainListing(service(), { network: "aristotle" }));
  });

  it("gives no verdict when the chain does not answer", async () => {
    const chain = chainListing(service());
    chain.outage = true;
    const receipt = await makeReceipt();
    await caught(RpcUnreachableError, async () => verifyReceipt(chain.ctx, receipt));
  });
});
