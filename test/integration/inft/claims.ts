import { expect } from "chai";

import { UsageError } from "../../../lib/errors.ts";
import { buildChatRequest } from "../../../lib/compute/inference.ts";
import { assertPromptMayShow } from "../../../lib/inft/claim.ts";
import { NotEndorsedError } from "../../../lib/compute/errors.ts";
import { CommitmentMissingError, RequestMismatchError, RequestNotBoundError } from "../../../lib/inft/errors.ts";
import {
  assertBatch,
  BATCH_LIMIT,
  BatchItemError,
  checkItem,
  mintBatch,
  providersToSync,
} from "../../../lib/inft/mint-batch.ts";
import {
  assertResultMintable,
  commitMint,
  findMinted,
  prepareInferenceMint,
  revealDraft,
  revealMint,
} from "../../../lib/inft/mint.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { NETWORK, openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

describe("claiming a result", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  type Provider = Awaited<ReturnType<Workshop["listProvider"]>>;
  let answers = 0;

  /** A result of its own, prepared by `by`. */
  async function prepare(
    claim: "commit" | "bound" | "open",
    { provider, request = shop.content.request, by = shop.minter }: Partial<Asked> = {},
  ) {
    const of = { request, response: new TextEncoder().encode(`answer ${answers++}`) };
    const result = await shop.resultOf(provider ?? (await shop.listProvider()), {}, of);
    const sealed = (await shop.prepare(result, by, of)).prepared;
    const { address } = by;
    return prepareInferenceMint({
      ...{ network: NETWORK, inft: shop.inft, minter: address, to: address, result },
      ...{ sealed, claim, request },
    });
  }
  interface Asked {
    readonly provider: Provider;
    readonly request: Uint8Array;
    readonly by: Workshop["minter"];
  }
  const boundTo = (user: Workshop["minter"]) =>
    buildChatRequest({
      model: "m",
      messages: [{ role: "user", content: `{"user":"${shop.stranger.address.toLowerCase()}"}` }],
      boundTo: user.address,
      random: (size) => new Uint8Array(size),
    });

  describe("as bound", () => {
    it("mints in one transaction, because the request names the minter", async () => {
      const prepared = await prepare("bound", { request: boundTo(shop.minter) });
      expect(await commitMint(shop.ctx, prepared)).to.deep.equal({ status: "not needed" });
      const { owner, transaction } = await revealMint(shop.ctx, prepared);
      expect(owner).to.equal(shop.minter.address);
      expect(transaction?.blockNumber).to.be.a("number");
    });

    it("is refused for a request that names nobody, or somebody else only inside a message", async () => {
      const random = { model: "m", messages: [], random: (size: number) => new Uint8Array(size) };
      for (const [request, by] of [
        [buildChatRequest(random), shop.minter],
        [boundTo(shop.minter), shop.stranger],
      ] as const) {
        expect(await rejection(prepare("bound", { request, by })))
          .to.be.instanceOf(RequestNotBoundError)
          .with.property("details")
          .that.deep.equals({ minter: by.address });
      }
    });

    it("is refused on chain for anybody else, and for another request than was signed", async () => {
      const prepared = await prepare("bound", { request: boundTo(shop.minter) });
      const stolen = await rejection(sendToInft(shop.strangerContext, revealDraft(prepared)));
      expect(stolen).to.be.instanceOf(RequestNotBoundError).with.property("code", "ZG_REQUEST_NOT_BOUND");
      expect(stolen).to.have.property("details").that.includes({ minter: shop.stranger.address });

      const { request } = await prepare("bound", { request: boundTo(shop.stranger), by: shop.stranger });
      if (request === undefined) return expect.fail("a bound claim shows its request");
      expect(await rejection(sendToInft(shop.strangerContext, revealDraft({ ...prepared, request })))).to.be.instanceOf(
        RequestMismatchError,
      );
    });

    it("needs it said that the prompt may be public", () => {
      expect(() => {
        assertPromptMayShow("bound", false);
      })
        .to.throw(UsageError)
        .with.property("remedy")
        .that.includes("--reveal-prompt");
      assertPromptMayShow("bound", true);
      assertPromptMayShow("commit", false);
      assertPromptMayShow("open", false);
    });
  });

  describe("as open", () => {
    it("mints for whoever comes first", async () => {
      const provider = await shop.listProvider();
      const ours = await prepare("open", { provider });
      const { datas, sealedKeys, salt, result } = ours;
      const { address } = shop.stranger;
      const theirs = prepareInferenceMint({
        ...{ network: NETWORK, inft: shop.inft, minter: address, to: address, result },
        ...{ sealed: { datas, sealedKeys, salt }, claim: "open" },
      });
      await revealMint(shop.strangerContext, theirs);
      expect(await commitMint(shop.ctx, ours)).to.have.property("status", "minted");
      expect(await revealMint(shop.ctx, ours)).to.deep.equal({ tokenId: ours.tokenId, owner: address });
    });
  });

  describe("several at once", () => {
    async function batchOf(count: number, provider: Provider) {
      return Promise.all(Array.from({ length: count }, async () => prepare("commit", { provider })));
    }

    it("commits in one transaction and mints in another", async () => {
      const batch = await batchOf(3, await shop.listProvider());
      const sent = await mintBatch(shop.ctx, shop.inft, batch);
      expect(sent.map(({ what }) => what)).to.deep.equal(["commit to 3 mints", "mint 3 inferences"]);
      for (const { tokenId } of batch) {
        expect(await findMinted(shop.ctx, shop.inft, tokenId)).to.have.property("owner", shop.minter.address);
      }
    });

    it("has the signer remembered first from the fourth result of one provider on, unless it is", async () => {
      const provider = await shop.listProvider();
      expect(await providersToSync(shop.ctx, shop.inft, await batchOf(3, provider))).to.deep.equal([]);
      const batch = await batchOf(4, provider);
      const sent = await mintBatch(shop.ctx, shop.inft, batch);
      const synced = `have the signer of ${provider.address} remembered`;
      expect(sent.map(({ what }) => what)).to.deep.equal(["commit to 4 mints", synced, "mint 4 inferences"]);
      expect(await providersToSync(shop.ctx, shop.inft, batch), "remembered").to.deep.equal([]);
      await shop.connection.networkHelpers.time.increase(1_801);
      expect(await providersToSync(shop.ctx, shop.inft, batch), "about to be forgotten").to.deep.equal([
        provider.address,
      ]);
    });

    it("repeats no commitment that is made, and mints none of them when one cannot be", async () => {
      const batch = await batchOf(2, await shop.listProvider());
      const [first = expect.fail(), second = expect.fail()] = batch;
      await commitMint(shop.ctx, first);
      await shop.connection.networkHelpers.time.increase(86_000);
      const sent = await mintBatch(shop.ctx, shop.inft, batch);
      expect(sent.map(({ what }) => what)).to.deep.equal(["commit to 1 mint", "mint 2 inferences"]);

      const other = await prepare("commit");
      const stolen = { ...second, minter: shop.stranger.address };
      const refused = await rejection(
        mintBatch({ ...shop.ctx, signer: shop.stranger.signer }, shop.inft, [other, stolen]),
      );
      expect(refused).to.be.instanceOf(CommitmentMissingError);
      expect(await findMinted(shop.ctx, shop.inft, other.tokenId)).to.equal(undefined);
    });

    it("names the one that is refused, with its own reason and exit code", async () => {
      const { result } = await prepare("commit", { provider: await shop.listProvider({ endorsed: false }) });
      const error = await rejection(checkItem("b.json", async () => assertResultMintable(shop.ctx, result)));
      if (!(error instanceof BatchItemError)) return expect.fail("not named");
      expect(error).to.include({ code: "ZG_BATCH_ITEM", exit: 5 });
      expect(error.message).to.match(/^b\.json cannot be minted, so nothing of the batch was sent: /);
      expect(error.details).to.include({ item: "b.json", cause: "ZG_NOT_ENDORSED" });
      expect(error.cause).to.be.instanceOf(NotEndorsedError);
    });

    it("refuses one result twice, and more than fit", () => {
      expect(() => {
        assertBatch([1n, 2n, 1n]);
      })
        .to.throw(UsageError)
        .with.property("details")
        .that.deep.equals({ tokenId: 1n });
      const many = Array.from({ length: BATCH_LIMIT + 1 }, (_, index) => BigInt(index));
      expect(() => {
        assertBatch(many);
      }).to.throw(UsageError, `${BATCH_LIMIT + 1} results`);
      assertBatch(many.slice(1));
    });
  });
});
