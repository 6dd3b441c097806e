import { expect } from "chai";
import { AbiCoder, type Provider } from "ethers";

import { RpcUnreachableError } from "../../../../lib/chain/revert.ts";
import type { Address } from "../../../../lib/hex.ts";
import { attestorChain } from "../../../../lib/inft/attestor/chain.ts";
import { inftInterface, verifierInterface } from "../../../../lib/inft/contracts.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import { caught, CONTRACT, SELLER, VERIFIER } from "./support/attestation.ts";

const TOKEN = inftInterface();
const SET = verifierInterface();
const HASH = `0x${"ab".repeat(32)}`;

type Answers = Readonly<Record<string, string | Error>>;

/** A node whose answers a test chooses by function; silence is an account without code. */
function chain(answers: Answers) {
  const call = async ({ data }: { data: string }) => {
    const name = (TOKEN.getFunction(data.slice(0, 10)) ?? SET.getFunction(data.slice(0, 10)))?.name ?? "";
    const answer = answers[name] ?? "0x";
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return attestorChain({ network: networkNamed("default"), provider: { call } as unknown as Provider });
}

const state = (owner: string, sequence = 5n) =>
  TOKEN.encodeFunctionResult("tokenStateOf", [[owner, sequence, 1n, 1n, 1n, false]]);
const datas = TOKEN.encodeFunctionResult("intelligentDataOf", [[["text/plain", HASH]]]);
const reverted = Object.assign(new Error("reverted"), { code: "CALL_EXCEPTION", data: "0x" });

describe("what an attestor reads of the chain", () => {
  it("is a token's owner, sequence and hashes", async () => {
    const { tokenOf } = chain({ tokenStateOf: state(SELLER.address), intelligentDataOf: datas });
    expect(await tokenOf(CONTRACT, 7n)).to.deep.equal({ owner: SELLER.address, sequence: 5n, dataHashes: [HASH] });
  });

  for (const [what, answers] of [
    ["nobody owns", { tokenStateOf: state(`0x${"00".repeat(20)}`), intelligentDataOf: datas }],
    ["the contract refuses to describe", { tokenStateOf: state(SELLER.address), intelligentDataOf: reverted }],
    ["the contract describes in another form", { tokenStateOf: "0x1234", intelligentDataOf: datas }],
    [
      "the contract describes with text that is no UTF-8",
      {
        tokenStateOf: state(SELLER.address),
        intelligentDataOf: datas.replace("746578742f706c61696e", "ff6578742f706c61696e"),
      },
    ],
    ["no contract describes", {}],
  ] as const) {
    it(`is nothing of a token that ${what}`, async () => {
      expect(await chain(answers).tokenOf(CONTRACT, 7n)).to.equal(undefined);
    });
  }

  it("is the verifier of a contract, and nothing where there is none", async () => {
    const verifier = TOKEN.encodeFunctionResult("verifier", [VERIFIER]);
    expect(await chain({ verifier }).verifierOf(CONTRACT)).to.equal(VERIFIER);
    expect(await chain({ verifier: reverted }).verifierOf(CONTRACT)).to.equal(undefined);
    expect(await chain({}).verifierOf(CONTRACT)).to.equal(undefined);
  });

  it("is whether a verifier counts an attestor, and no where it cannot tell", async () => {
    const attestor = SELLER.address as Address;
    const answer = (value: boolean) => SET.encodeFunctionResult("isAttestor", [value]);
    expect(await chain({ isAttestor: answer(true) }).isAttestor(VERIFIER, attestor)).to.equal(true);
    expect(await chain({ isAttestor: answer(false) }).isAttestor(VERIFIER, attestor)).to.equal(false);
    expect(await chain({ isAttestor: reverted }).isAttestor(VERIFIER, attestor)).to.equal(false);
    expect(await chain({}).isAttestor(VERIFIER, attestor)).to.equal(false);
    const two = AbiCoder.defaultAbiCoder().encode(["uint256"], [2]);
    expect(await chain({ isAttestor: two }).isAttestor(VERIFIER, attestor)).to.equal(true); // as Solidity's callers read it
  });

  it("is never an absence when the node is away", async () => {
    const away = Object.assign(new Error("ECONNREFUSED"), { code: "ECONNREFUSED" });
    const { tokenOf, verifierOf, isAttestor } = chain({
      tokenStateOf: away,
      intelligentDataOf: away,
      verifier: away,
      isAttestor: away,
    });
    for (const asked of [
      tokenOf(CONTRACT, 1n),
      verifierOf(CONTRACT),
      isAttestor(VERIFIER, SELLER.address as Address),
    ]) {
      expect(await caught(asked)).to.be.instanceOf(RpcUnreachableError);
    }
  });
});
