import { once } from "node:events";
import { createServer } from "node:http";

import { expect } from "chai";
import { computeAddress } from "ethers";
import { network } from "hardhat";

import { describeAttestor } from "../../../lib/inft/attestor/client.ts";
import { caught } from "../../unit/inft/attestor/support/attestation.ts";

describe("the attestor of an embedded network", () => {
  it("answers as soon as the network is there, under the key that its address says", async () => {
    const connection = await network.create();
    try {
      const { address, url, publicKey } = connection.galileo.attestor;
      expect(computeAddress(publicKey)).to.equal(address);
      expect(await describeAttestor({}, url)).to.include({ address, publicKey, kind: "development", chainId: 16602 });
    } finally {
      await connection.close();
    }
  });

  it("has another key in every run", async () => {
    const [one, two] = await Promise.all([network.create(), network.create()]);
    try {
      expect(one.galileo.attestor.address).not.to.equal(two.galileo.attestor.address);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });

  it("ends with the connection, asked or not", async () => {
    for (const ask of [true, false]) {
      const connection = await network.create();
      const { url } = connection.galileo.attestor;
      if (ask) await describeAttestor({}, url);
      await connection.close();
      expect(await caught(describeAttestor({}, url))).to.include({ code: "ZG_ATTESTOR_DOWN" });
      const again = createServer().listen(Number(new URL(url).port), "127.0.0.1");
      await once(again, "listening");
      again.close();
    }
  });

  it("can be stopped alone, and the network goes on", async () => {
    const connection = await network.create();
    try {
      await connection.galileo.attestor.stop();
      expect(await caught(describeAttestor({}, connection.galileo.attestor.url))).to.include({
        code: "ZG_ATTESTOR_DOWN",
      });
      const [attestor] = (await connection.galileo.status()).attestors;
      expect(attestor).to.include({ alive: false });
    } finally {
      await connection.close();
    }
  });
});
