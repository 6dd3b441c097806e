import { expect } from "chai";

import { AbortedError } from "../../../lib/errors.ts";
import { fetchObject } from "../../../lib/inft/attestor/fetch-object.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";

const BYTES = Uint8Array.of(1, 2, 3);
const HASH = storageRoot(BYTES);
const INFT = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const OBJECT = { inft: INFT, tokenId: 7n, dataHash: HASH } as const;
const PATH = `/v1/objects/${HASH}?contract=${INFT}&token=7`;
const [FIRST, SECOND] = ["https://one.example", "https://two.example/base"];

describe("a ciphertext that attestors keep", () => {
  const requests: string[] = [];
  beforeEach(() => {
    requests.length = 0;
  });

  /** Attestors that answer like this, by their host; the others cannot be reached. */
  const answering =
    (answers: Readonly<Record<string, Response>>): typeof fetch =>
    async (input) => {
      const url = input instanceof Request ? input.url : input.toString();
      requests.push(url);
      const answer = answers[new URL(url).host];
      if (answer === undefined) throw new TypeError("fetch failed");
      return Promise.resolve(answer);
    };
  const fetchFrom = async (answers: Readonly<Record<string, Response>>, maxBytes = 100) =>
    fetchObject({ fetch: answering(answers) }, { urls: [FIRST, SECOND], ...OBJECT, maxBytes });

  it("comes from the first that has it, by its hash and its token", async () => {
    expect(await fetchFrom({ "one.example": new Response(BYTES) })).to.deep.equal({ bytes: BYTES, from: FIRST });
    expect(requests).to.deep.equal([`${FIRST}${PATH}`]);
  });

  for (const [what, answer, reason] of [
    ["does not keep it", new Response("", { status: 404 }), "does not keep it"],
    ["does not give it out", new Response("", { status: 403 }), "does not list it for this token"],
    ["fails", new Response("", { status: 500 }), "answered with status 500"],
    ["answers with other bytes", new Response(Uint8Array.of(9)), "keeps something else"],
    ["answers with nothing", new Response(new Uint8Array(0)), "keeps something else"],
    ["answers with too much", new Response(new Uint8Array(101)), "could not be asked"],
    ["is down", undefined, "could not be asked"],
  ] as const) {
    it(`comes from the next when one ${what}, and the answer says so when none has it`, async () => {
      const first = (): Record<string, Response> => (answer === undefined ? {} : { "one.example": answer.clone() });
      const found = await fetchFrom({ ...first(), "two.example": new Response(BYTES) });
      expect(found).to.deep.equal({ bytes: BYTES, from: SECOND });
      expect(requests.at(-1)).to.equal(`${SECOND}${PATH}`);

      const nowhere = await fetchFrom(first());
      if ("bytes" in nowhere) expect.fail("something was found");
      expect(nowhere.asked).to.have.length(2);
      expect(nowhere.asked[0]).to.include(FIRST).and.include(reason);
      expect(nowhere.asked[1]).to.include(SECOND);
    });
  }

  it("is asked for over http on this machine only", async () => {
    const urls = ["http://one.example", "http://127.0.0.1:1"];
    const found = await fetchObject({ fetch: answering({}) }, { urls, ...OBJECT, maxBytes: 100 });
    expect(found).to.have.nested.property("asked[0]").that.includes("https");
    expect(requests).to.deep.equal([`http://127.0.0.1:1${PATH}`]);
  });

  it("is not waited for when the caller gives up", async () => {
    const aborted = AbortSignal.abort();
    const error = await fetchObject(
      { fetch: answering({}), signal: aborted },
      { urls: [FIRST], ...OBJECT, maxBytes: 100 },
    ).then(
      () => expect.fail("nothing was thrown"),
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(AbortedError);
    expect(requests).to.deep.equal([]);
  });
});
