/** Mints of what a TEE signed that need no commitment: bound to a request, and open. */

import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash, hexlify, sha256, toUtf8Bytes } from "ethers";
import { network } from "hardhat";

import { deployClaimsFixture } from "./support/claims-fixture.ts";
import { MODE } from "./support/inft-fixture.ts";

const PROMPT = '"messages":[{"role":"user","content":"a prompt"}]';

describe("claims of an inference", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  const fixture = async () => deployClaimsFixture(connection);
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const now = async () => BigInt(await connection.networkHelpers.time.latest());

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("an open mint", () => {
    it("gives the result to whoever comes first, at once, with its whole record and its keys", async () => {
      const { inft, stranger, strangerAddress, ownerAddress, claim, open, idOfClaim, recordOf, datas, ...shop } =
        await deploy();
      const claimed = await claim();
      const id = await idOfClaim(claimed);
      expect(
        await inft.connect(stranger).mintInferenceOpen.staticCall(claimed, datas, shop.sealedKeys, ownerAddress),
      ).to.equal(id);
      const minting = await open(stranger, claimed);
      await expect(minting)
        .to.emit(inft, "InferenceMinted")
        .withArgs(
          id,
          shop.providerAddress,
          strangerAddress,
          recordOf(claimed),
          "chat-1",
          await now(),
          datas[0]?.dataHash,
          MODE.local,
        );
      await expect(minting).to.emit(inft, "PublishedSealedKey").withArgs(ownerAddress, id, shop.sealedKeys);
      expect([await inft.ownerOf(id), await inft.isProven(id)]).to.deep.equal([ownerAddress, true]);
      expect(await shop.dataOf(id)).to.deep.equal(datas);
    });

    it("comes too late for a result that is a token already, and before a commitment to it", async () => {
      const { inft, minter, stranger, mintArguments, commit, reveal, open, idOfClaim } = await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      await open(stranger, args.claim);
      const id = await idOfClaim(args.claim);
      for (const attempt of [() => open(minter, args.claim), () => reveal(minter, args)]) {
        await expect(attempt()).to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted").withArgs(id);
      }
    });
  });

  describe("a bound mint", () => {
    it("needs no commitment of the one whom the request names as its user", async () => {
      const { inft, minter, minterAddress, ownerAddress, claimOf, bound, member, idOfClaim, recordOf, ...shop } =
        await deploy();
      const request = `{${member},${PROMPT}}`;
      const claimed = await claimOf(request);
      const id = await idOfClaim(claimed);
      const minting = await bound(minter, request, 1);
      await expect(minting)
        .to.emit(inft, "InferenceMinted")
        .withArgs(
          id,
          shop.providerAddress,
          minterAddress,
          recordOf(claimed),
          "chat-1",
          await now(),
          shop.datas[0]?.dataHash,
          MODE.local,
        );
      await expect(minting).to.emit(inft, "PublishedSealedKey").withArgs(ownerAddress, id, shop.sealedKeys);
      expect(await inft.ownerOf(id)).to.equal(ownerAddress);
      expect(await shop.dataOf(id)).to.deep.equal(shop.datas);
    });

    for (const [where, request, before] of [
      ["after other members", (member: string) => `{${PROMPT},${member}}`, `{${PROMPT},`],
      ["in an object within the request", (member: string) => `{"metadata":{${member}},${PROMPT}}`, '{"metadata":{'],
      ["at the very end of the bytes", (member: string) => `{${PROMPT},${member}`, `{${PROMPT},`],
      ["after text of more than one byte a letter", (member: string) => `{"a":"größe",${member}}`, '{"a":"größe",'],
    ] as const) {
      it(`finds the user ${where}`, async () => {
        const { inft, minter, ownerAddress, claimOf, bound, member, idOfClaim } = await deploy();
        const text = request(member);
        await bound(minter, text, toUtf8Bytes(before).length);
        expect(await inft.ownerOf(await idOfClaim(await claimOf(text)))).to.equal(ownerAddress);
      });
    }

    it("is refused to anybody whom the request does not name, a copier of the pending mint included", async () => {
      const { inft, minter, stranger, strangerAddress, ownerAddress, bound, member } = await deploy();
      const request = `{${member},${PROMPT}}`;
      await expect(bound(stranger, request, 1, undefined, strangerAddress))
        .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
        .withArgs(strangerAddress, 1n);
      await bound(minter, request, 1);
      expect(await inft.balanceOf(ownerAddress)).to.equal(1n);
    });

    it("is refused for another request than the signed one, by a byte or whole", async () => {
      const { inft, minter, claimOf, bound, member } = await deploy();
      const request = `{${member},${PROMPT}}`;
      const claimed = await claimOf(request);
      for (const shown of [`${request} `, `{${member}}`, ""]) {
        await expect(bound(minter, shown, 1, claimed))
          .to.be.revertedWithCustomError(inft, "InferenceRequestMismatch")
          .withArgs(sha256(toUtf8Bytes(shown)), claimed.requestHash);
      }
    });

    it("is refused at any offset but the user's: at 0, beside it, at the end, past it, and beyond counting", async () => {
      const { inft, minter, minterAddress, bound, member } = await deploy();
      const request = `{${PROMPT},${member}}`;
      const right = request.indexOf(member);
      for (const offset of [0, right - 1, right + 1, request.length - 1, request.length, request.length + 1]) {
        await expect(bound(minter, request, offset))
          .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
          .withArgs(minterAddress, offset);
      }
      await expect(bound(minter, request, MaxUint256))
        .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
        .withArgs(minterAddress, MaxUint256);
      // Nothing can stand before it: at offset 0 it is refused even where the bytes are there.
      await expect(bound(minter, member, 0))
        .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
        .withArgs(minterAddress, 0n);
    });

    for (const [what, of] of [
      ["cut short of its last quote", (member: string) => [`{${member.slice(0, -1)}`, 1]],
      ["after a space, as a string in an array, or as a value", (member: string) => [`{ ${member}}`, 2]],
      ["right after a bracket", (member: string) => [`[${member}]`, 1]],
      ["right after a colon", (member: string) => [`{"a":${member}}`, 5]],
      ["of another case", (member: string) => [`{${member.replaceAll(/[a-f]/g, (c) => c.toUpperCase())}}`, 1]],
      ["with the checksum of its address", (member: string, minter: string) => [`{"user":"${minter}"}`, 1]],
      ["with 0X before its address", (member: string) => [`{${member.replace("0x", "0X")}}`, 1]],
      ["without 0x before its address", (member: string) => [`{${member.replace("0x", "")}}`, 1]],
      ["with a space before the value", (member: string) => [`{${member.replace(":", ": ")}}`, 1]],
      ["of another name", (member: string) => [`{${member.replace("user", "uses")}}`, 1]],
      ["of a name in capitals", (member: string) => [`{${member.replace("user", "User")}}`, 1]],
      ["of a longer name", (member: string) => [`{${member.replace("user", "end-user")}}`, 5]],
      ["with more than the address", (member: string) => [`{${member.slice(0, -1)}00"}`, 1]],
    ] as const) {
      it(`is refused for a user ${what}`, async () => {
        const { inft, minter, minterAddress, bound, member } = await deploy();
        const [request, offset] = of(member, minterAddress) as [string, number];
        await expect(bound(minter, request, offset))
          .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
          .withArgs(minterAddress, offset);
      });
    }

    it("is refused for a user in what somebody wrote: quotes within a string are escaped", async () => {
      const { inft, minter, minterAddress, bound, member } = await deploy();
      const request = JSON.stringify({ messages: [{ role: "user", content: `as in {${member},` }] });
      const escaped = JSON.stringify(member).slice(1, -1);
      for (const offset of [request.indexOf(escaped), request.indexOf(escaped) + 1]) {
        await expect(bound(minter, request, offset))
          .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
          .withArgs(minterAddress, offset);
      }
    });

    it("is refused for a result that is a token already", async () => {
      const { inft, minter, stranger, claimOf, open, bound, member, idOfClaim } = await deploy();
      const request = `{${member}}`;
      const claimed = await claimOf(request);
      await open(stranger, claimed);
      await expect(bound(minter, request, 1))
        .to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted")
        .withArgs(await idOfClaim(claimed));
    });
  });

  describe("whichever way it is minted", () => {
    for (const way of ["open", "bound", "batch"] as const) {
      async function minting() {
        const shop = await deploy();
        const { inft, minter, minterAddress, member, datas, sealedKeys, ownerAddress, claimOf } = shop;
        const request = `{${member}}`;
        const right = { claim: await claimOf(request), datas, sealedKeys, to: ownerAddress, salt: ZeroHash };
        const mint = async (changes: Partial<typeof right>) => {
          const { claim, datas: held, sealedKeys: keys, to, salt } = { ...right, ...changes };
          const by = inft.connect(minter);
          if (way === "open") return by.mintInferenceOpen(claim, held, keys, to);
          if (way === "bound") {
            return by.mintInferenceBound(claim, held, keys, to, hexlify(toUtf8Bytes(request)), 1n);
          }
          await by.commit(await inft.hashCommitment(minterAddress, claim, held, keys, to, salt));
          return by.mintInferenceBatch([{ claim, datas: held, sealedKeys: keys, to, salt }]);
        };
        return { ...shop, request, right, mint };
      }

      it(`${way}: is refused for what no committed mint would be`, async () => {
        const { inft, request, right, mint, claimOf, tee, otherTee, providerAddress } = await minting();
        const refusals = [
          ["InferenceWithoutData", [], { datas: [], sealedKeys: [] }],
          ["InferenceModeInvalid", [0n], { claim: { ...right.claim, mode: 0 } }],
          ["InferenceModeInvalid", [5n], { claim: { ...right.claim, mode: 5 } }],
          ["ERC7857SealedKeyCount", [0n, 1n], { sealedKeys: [] }],
          ["ERC721InvalidReceiver", [ZeroAddress], { to: ZeroAddress }],
          [
            "InferenceSignerMismatch",
            [providerAddress, tee.address, otherTee.address],
            { claim: await claimOf(request, otherTee) },
          ],
        ] as const;
        for (const [error, values, changes] of refusals) {
          await expect(mint(changes as Partial<typeof right>), error)
            .to.be.revertedWithCustomError(inft, error)
            .withArgs(...values);
        }
        expect(await inft.balanceOf(right.to)).to.equal(0n);
      });

      it(`${way}: calls the receiver when data and keys are in place, and heeds its refusal`, async () => {
        const { inft, ethers, right, mint, deployAccount, idOfClaim } = await minting();
        const refusing = await ethers.deployContract("ERC721Receiver__MockForINFT", ["0xdeadbeef", 0n]);
        const refusingAddress = await refusing.getAddress();
        await expect(mint({ to: refusingAddress }))
          .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
          .withArgs(refusingAddress);
        const account = await deployAccount();
        const id = await idOfClaim(right.claim);
        await account.onReceipt(inft.interface.encodeFunctionData("intelligentDataOf", [id]));
        await mint({ to: await account.getAddress() });
        const [seen] = inft.interface.decodeFunctionResult("intelligentDataOf", await account.answer());
        expect(seen[0].dataHash).to.equal(right.datas[0]?.dataHash);
      });
    }
  });
});
