import { expect } from "chai";
import hre from "hardhat";

import type { ReadContext } from "../../../lib/chain/context.ts";
import { checksum, type Address, type Hex } from "../../../lib/hex.ts";
import { codePattern, type RuntimeArtifact } from "../../../lib/inft/code.ts";
import { deployInft, MODULE_CONTRACTS } from "../../../lib/inft/deploy.ts";
import { codeAt, locateModules, whyNotGenuine } from "../../../lib/inft/genuine.ts";
import { NETWORK, openWorkshop, type Workshop } from "./support/workshop.ts";

describe("the code of an iNFT and of its modules", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  /** An iNFT whose verifier knows the final standard only, and so takes a third module. */
  async function withOldVerifier(): Promise<{ inft: Address; verifier: Address }> {
    const mock = await shop.connection.ethers.deployContract("FinalVerifier__MockForINFT", [
      shop.minter.address,
      1n,
      0n,
      [],
    ]);
    const verifier = checksum(await mock.getAddress());
    const { address } = await deployInft(shop.ctx, shop.artifact, { name: "Old", symbol: "OLD", verifier });
    return { inft: address, verifier };
  }
  async function problem(ctx: ReadContext, inft: Address) {
    const [trusted = expect.fail()] = shop.trustedCode;
    return whyNotGenuine(ctx, inft, await codeAt(ctx, inft), trusted);
  }
  function answering(codes: Readonly<Record<Address, string>>): ReadContext {
    const provider = new Proxy(shop.ctx.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name === "getCode") return async (at: Address) => codes[at] ?? target.getCode(at);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    return { network: NETWORK, provider };
  }
  async function modulesOf(inft: Address) {
    const patterns = MODULE_CONTRACTS.map(async (name) => {
      const artifact = (await hre.artifacts.readArtifact(name)) as unknown as RuntimeArtifact;
      return [name, codePattern(artifact)] as const;
    });
    const [token] = [codePattern(shop.artifact)];
    return locateModules(shop.ctx, inft, token, Object.fromEntries(await Promise.all(patterns)));
  }

  it("is genuine whatever verifier, name and royalty it has, and each module is found", async () => {
    const { inft } = await withOldVerifier();
    expect(await problem(shop.ctx, inft)).to.equal(undefined);
    expect((await modulesOf(inft)).map(({ contractName }) => contractName).sort()).to.deep.equal(
      [...MODULE_CONTRACTS].sort(),
    );

    const royalty = { receiver: shop.stranger.address, basisPoints: 10_000n };
    const terms = { name: "Another", symbol: "A", verifier: shop.verifier, royalty };
    const { address } = await deployInft(shop.ctx, shop.artifact, terms);
    expect(await problem(shop.ctx, address)).to.equal(undefined);
    expect((await modulesOf(address)).map(({ contractName }) => contractName).sort()).to.deep.equal(
      [...MODULE_CONTRACTS].slice(0, 2).sort(),
    );
  });

  it("is not with a module that trusts another verifier than the contract says", async () => {
    const { inft, verifier } = await withOldVerifier();
    const module = (await modulesOf(inft)).find(({ contractName }) => contractName === "ReturnedProofs")?.address;
    if (module === undefined) return expect.fail("no such module");
    const bare = (address: Address) => address.slice(2).toLowerCase();
    const code = await codeAt(shop.ctx, module);
    const other = code.replaceAll(bare(verifier), bare(shop.stranger.address)) as Hex;
    expect(other).to.not.equal(code);
    expect(await problem(answering({ [module]: other }), inft)).to.equal(
      `its module ${module} trusts ${shop.stranger.address.toLowerCase()}`,
    );
  });

  it("is not with a module that another contract made, of whatever code", async () => {
    const { inft } = await withOldVerifier();
    const [{ address: module } = expect.fail()] = await modulesOf(inft);
    const [{ address: theirs } = expect.fail()] = await modulesOf(shop.inft);
    const code = await codeAt(shop.ctx, inft);
    const other = code.replaceAll(module.slice(2).toLowerCase(), theirs.slice(2).toLowerCase());
    expect(await problem(answering({ [inft]: other }), inft)).to.equal(
      `it passes calls to ${theirs.toLowerCase()}, which it did not make`,
    );
  });

  it("is not when a byte of it is another", async () => {
    const code = await codeAt(shop.ctx, shop.inft);
    expect(await problem(answering({ [shop.inft]: `${code.slice(0, -2)}00` }), shop.inft)).to.equal("other code");
  });
});
