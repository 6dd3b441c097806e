import { randomBytes } from "node:crypto";

import { expect } from "chai";

import {
  ImageAddressError,
  AsyncJobFailedError,
  ProviderRefusedError,
  ServiceTypeError,
  SignatureMissingError,
} from "../../../lib/compute/errors.ts";
import { ask } from "../../../lib/compute/ask.ts";
import { buildChatRequest, serviceRequest, imageRequest } from "../../../lib/compute/service-request.ts";
import { mintableBytes } from "../../../lib/compute/receipt.ts";
import { verifyReceipt } from "../../../lib/compute/receipt-check.ts";
import { fetchUnsettledFee } from "../../../lib/compute/unsettled-fee.ts";
import type { Misbehaviour } from "../../../lib/galileo/provider/local-provider.ts";
import { pngSize } from "../../../lib/galileo/provider/responders/png.ts";
import { sha256Hex } from "../../../lib/protocol/signed-text.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { openMarket, REQUESTS, type Market, type Shop } from "./support/market.ts";

describe("images", () => {
  let market: Market;
  let images: Shop;
  let edits: Shop;
  before(async () => {
    market = await openMarket();
    images = await market.open("text-to-image");
    edits = await market.open("image-editing");
  });
  afterEach(() => {
    images.provider.misbehave(undefined);
    edits.provider.misbehave(undefined);
  });
  after(() => market.close());

  const drawn = async (shop: Shop, request = REQUESTS.image(shop.service.model)): Promise<Uint8Array> => {
    const [image] = (await shop.ask(request)).images ?? [];
    if (image === undefined || !("bytes" in image)) throw new Error("no image");
    return image.bytes;
  };

  it("are made, as large as asked for, the same for the same prompt", async () => {
    const image = await drawn(images);
    expect(pngSize(image)).to.deep.equal({ width: 16, height: 8 });
    expect(await drawn(images)).to.deep.equal(image);
    const other = REQUESTS.image(images.service.model, { prompt: "A cat" });
    expect(await drawn(images, other)).not.to.deep.equal(image);
  });

  it("are proved by the hash of what is decoded, one by one, and charged by how many are asked for", async () => {
    for (const n of [1, 3]) {
      const before = await fetchUnsettledFee({ session: images.user.session }, images.service);
      const result = await images.ask(REQUESTS.image(images.service.model, { n }));
      expect(result.images).to.have.length(n);
      expect(result.fee.fee).to.equal(images.service.outputPrice * BigInt(n));
      const owed = await fetchUnsettledFee({ session: images.user.session }, images.service);
      expect(owed - before).to.equal(result.fee.fee);
      const { status, mintable, receipt } = await images.prove(result);
      expect({ status, mintable }).to.deep.equal({ status: "verified", mintable: n === 1 });
      expect(receipt.signature.text.split(/[:,]/)).to.have.length(n + 1);
    }
  });

  it("can be minted one at a time, as the decoded image", async () => {
    const result = await images.ask(REQUESTS.image(images.service.model));
    const { receipt } = await images.prove(result);
    const { response } = mintableBytes(receipt);
    expect(pngSize(response)).to.deep.equal({ width: 16, height: 8 });
    expect(receipt.signature.text).to.equal(`${sha256Hex(result.requestBytes)}:${sha256Hex(response)}`);
  });

  it("that the answer only names are fetched from the provider, and proved alike", async () => {
    const result = await images.ask(REQUESTS.image(images.service.model, { n: 2, format: "url" }));
    for (const image of result.images ?? []) expect("url" in image && image.url).to.contain(images.provider.url);
    const { status, receipt } = await images.prove(result);
    expect(status).to.equal("verified");
    expect("images" in receipt && receipt.images).to.have.length(2);
  });

  it("are never fetched from anybody but the provider", async () => {
    images.provider.misbehave({ kind: "foreign-image-url" });
    const result = await images.ask(REQUESTS.image(images.service.model, { format: "url" }));
    const error = await caught(ImageAddressError, async () => images.prove(result));
    expect(error.details).to.include({ address: "http://127.0.0.2:9/elsewhere/0" });
  });

  it("are signed over the client's own request, though what stands behind gets another", async () => {
    const result = await images.ask(REQUESTS.image(images.service.model, { format: "url" }));
    const { receipt } = await images.prove(result);
    expect(receipt.signature.text).to.match(new RegExp(`^${sha256Hex(result.requestBytes)}:`));
  });

  const lies: [Misbehaviour["kind"], "response" | "request" | "signature" | "signer"][] = [
    ["altered-body", "response"],
    ["wrong-response-hash", "response"],
    // The same prompt draws the same image: only the request tells the two apart.
    ["replayed-text", "request"],
    ["wrong-request-hash", "request"],
    ["foreign-signature", "signer"],
  ];
  for (const [kind, failed] of lies) {
    for (const format of ["b64_json", "url"] as const) {
      it(`catches ${kind} (${format}) by the check of the ${failed}`, async () => {
        images.provider.misbehave({ kind } as Misbehaviour);
        const result = await images.ask(REQUESTS.image(images.service.model, { format }));
        const found = await images.prove(result);
        expect(found).to.include({ failed, status: "rejected", mintable: false });
      });
    }
  }

  it("that did not come are named: what came is signed, and all are charged", async () => {
    images.provider.misbehave({ kind: "fewer-images" });
    const result = await images.ask(REQUESTS.image(images.service.model, { n: 2 }));
    expect(result.images).to.have.length(1);
    expect(result.measure).to.deep.equal({ unit: "images", images: 2 });
    const { receipt, status } = await images.prove(result);
    expect(status).to.equal("rejected");
    const found = await verifyReceipt(images.user.ctx, receipt);
    expect(found).to.deep.include({ failed: ["bounds"] });
  });

  it("are told from what was charged: a provider that bills more is seen by what it says is owed", async () => {
    const { session } = images.user;
    const before = await fetchUnsettledFee({ session }, images.service);
    images.provider.misbehave({ kind: "over-billing", times: 3 });
    const { fee } = await images.ask(REQUESTS.image(images.service.model));
    expect((await fetchUnsettledFee({ session }, images.service)) - before).to.equal(fee.fee * 3n);
  });

  it("cost nothing when the model refuses them", async () => {
    const before = images.provider.unsettledFee(images.user.address);
    const error = await caught(ProviderRefusedError, async () =>
      images.ask(REQUESTS.image(images.service.model, { size: "99999x1" })),
    );
    expect(error.message).to.contain("size must be such as 512x512");
    expect(images.provider.unsettledFee(images.user.address)).to.equal(before);
  });

  describe("edits", () => {
    it("depend on image and prompt, and prove themselves", async () => {
      const image = await drawn(images);
      const request = REQUESTS.edit(edits.service.model, image, { n: 1 });
      const result = await edits.ask(request);
      expect(result.fee.fee).to.equal(edits.service.outputPrice);
      expect(await edits.prove(result)).to.include({ status: "verified", mintable: true });
      const night = await drawn(edits, request);
      expect(pngSize(night)).to.deep.equal(pngSize(image));
      const day = await drawn(edits, REQUESTS.edit(edits.service.model, image, { prompt: "Make it day" }));
      expect(day).not.to.deep.equal(night);
      expect(await drawn(edits, REQUESTS.edit(edits.service.model, night))).not.to.deep.equal(night);
    });

    it("are charged by the n of their form", async () => {
      const result = await edits.ask(REQUESTS.edit(edits.service.model, await drawn(images), { n: 2 }));
      expect(result.fee.fee).to.equal(edits.service.outputPrice * 2n);
      expect((await edits.prove(result)).status).to.equal("verified");
    });

    it("may ask for addresses in their form, too", async () => {
      const request = REQUESTS.edit(edits.service.model, await drawn(images), { format: "url" });
      const result = await edits.ask(request);
      expect((await edits.prove(result)).status).to.equal("verified");
    });

    it("need an image", async () => {
      const request = REQUESTS.edit(edits.service.model, new Uint8Array([1, 2, 3]));
      const error = await caught(ProviderRefusedError, async () => edits.ask(request));
      expect(error.message).to.contain("image must be a PNG");
    });
  });

  describe("jobs", () => {
    it("are waited for, and prove themselves by their images", async () => {
      const statuses: string[] = [];
      const result = await images.asJob(REQUESTS.image(images.service.model, { n: 2 }), (status) =>
        statuses.push(status),
      );
      expect(statuses.at(-1)).to.equal("completed");
      expect(result.fee.fee).to.equal(images.service.outputPrice * 2n);
      expect((await images.prove(result)).status).to.equal("verified");
      const edit = await edits.asJob(REQUESTS.edit(edits.service.model, await drawn(images)));
      expect((await edits.prove(edit)).status).to.equal("verified");
    });

    it("that fail say why, and cost nothing", async () => {
      const before = images.provider.unsettledFee(images.user.address);
      const error = await caught(AsyncJobFailedError, async () =>
        images.asJob(REQUESTS.image(images.service.model, { size: "99999x1" })),
      );
      expect(error.message).to.contain("size must be such as 512x512");
      images.provider.misbehave({ kind: "status", status: 500, requests: 1 });
      await caught(AsyncJobFailedError, async () => images.asJob(REQUESTS.image(images.service.model)));
      expect(images.provider.unsettledFee(images.user.address)).to.equal(before);
    });

    it("are caught in a lie like any other answer", async () => {
      images.provider.misbehave({ kind: "altered-body" });
      const result = await images.asJob(REQUESTS.image(images.service.model));
      expect(await images.prove(result)).to.include({ failed: "response" });
    });

    it("are not found where a provider has none", async () => {
      const shop = await market.open("text-to-image", { model: "test/no-jobs" }, { asyncJobs: false });
      const error = await caught(ProviderRefusedError, async () => shop.asJob(REQUESTS.image(shop.service.model)));
      expect(error.message).to.contain("async processing is not enabled");
    });
  });

  it("are not asked for from a model that chats, nor the other way round", async () => {
    const { model } = images.service;
    const body = buildChatRequest({ model, messages: [{ role: "user", content: "hi" }], random: randomBytes });
    const error = await caught(ServiceTypeError, async () => images.ask(serviceRequest("chat", body)));
    expect(error.details).to.include({ kind: "chat", serves: "image", serviceType: "text-to-image" });
    const chat = { ...images, service: await market.world.service(0) };
    const request = imageRequest({ model: chat.service.model, prompt: "x", random: randomBytes });
    await caught(ServiceTypeError, async () =>
      ask({ session: images.user.session }, { service: chat.service, request }),
    );
  });

  it("stay unproved when no signature is to be had", async () => {
    images.provider.misbehave({ kind: "no-signature" });
    const result = await images.ask(REQUESTS.image(images.service.model));
    await caught(SignatureMissingError, async () => images.prove(result));
  });
});
