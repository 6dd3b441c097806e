import { expect } from "chai";
import { Wallet } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import type { SessionToken } from "../../../lib/protocol/session-token.ts";
import { errorOf, NOW, startBench, type Bench } from "./support/provider.ts";

const PREFIX = "validate session: ";

describe("local provider: session gate", () => {
  let bench: Bench;
  before(async () => {
    bench = await startBench();
  });
  after(() => bench.provider.close());

  const refusal = async (authorization: string | undefined) => {
    const response = await bench.chat(undefined, {
      "content-type": "application/json",
      ...(authorization === undefined ? {} : { authorization }),
    });
    return { status: response.status, error: await errorOf(response) };
  };
  const wrap = (payload: string) => `Bearer app-sk-${Buffer.from(payload).toString("base64")}`;
  const refused = async (authorization: string | undefined, text: string) =>
    expect(await refusal(authorization)).to.deep.equal({ status: 400, error: PREFIX + text });
  const refusedToken = async (changes: Partial<SessionToken>, text: string) =>
    refused(`Bearer ${await bench.token(changes)}`, text);

  it("accepts a token signed by the user", async () => {
    expect((await bench.chat()).status).to.equal(200);
  });

  it("wants a bearer token of this kind", async () => {
    const text = "missing or invalid Authorization header, must be Bearer app-sk-<base64(rawMessage:signature)>";
    await refused(undefined, text);
    await refused("Bearer sk-123", text);
    await refused((await bench.token()).replace("app-sk-", "Bearer "), text);
  });

  it("wants padded standard base64", async () => {
    await refused("Bearer app-sk-@@@@", "invalid base64 in Authorization header: illegal base64 data at input byte 0");
    await refused("Bearer app-sk-QUI", "invalid base64 in Authorization header: illegal base64 data at input byte 3");
    await refused("Bearer app-sk-_-8=", "invalid base64 in Authorization header: illegal base64 data at input byte 0");
  });

  it("wants message and signature separated by a bar", async () => {
    await refused(wrap("{}:0x"), "invalid Authorization payload, expect base64(rawMessage:signature)");
  });

  it("wants a JSON object with members of the right types", async () => {
    const start = `${PREFIX}invalid session token format in Authorization: `;
    for (const message of ["", "x", "[]", "null", '{"tokenId":256}', '{"generation":-1}', '{"address":1}']) {
      const { status, error } = await refusal(wrap(`${message}|0x`));
      expect(status).to.equal(400);
      expect(error.startsWith(start), `${message}: ${error}`).to.equal(true);
    }
  });

  it("reads keys in any case and ignores unknown ones", async () => {
    const message = `{"PROVIDER":"${bench.provider.address}","tokenid":7,"x":1}`;
    await refused(wrap(`${message}|0x`), "invalid signature length");
  });

  it("refuses a token for another provider", async () => {
    await refusedToken({ provider: bench.userAddress }, "session token is for different provider");
  });

  it("accepts its own address in any case", async () => {
    const headers = await bench.headers({ provider: bench.provider.address.toLowerCase() });
    expect((await bench.chat(undefined, headers)).status).to.equal(200);
  });

  it("wants an ephemeral token to expire within a day", async () => {
    await refusedToken({ expiresAt: 0 }, "ephemeral token must have an expiration time");
    await refusedToken({ expiresAt: NOW + 86_400_001 }, "ephemeral token duration cannot exceed 24 hours");
    expect((await bench.chat(undefined, await bench.headers({ expiresAt: NOW + 86_400_000 }))).status).to.equal(200);
  });

  it("lets API keys live for ever", async () => {
    const headers = await bench.headers({ expiresAt: 0, tokenId: 0 });
    expect((await bench.chat(undefined, headers)).status).to.equal(200);
  });

  it("refuses an expired token, by the second", async () => {
    await refusedToken({ expiresAt: NOW - 1000 }, "session token expired");
    expect((await bench.chat(undefined, await bench.headers({ expiresAt: NOW }))).status).to.equal(200);
  });

  it("checks provider before times, and times before revocation", async () => {
    await refusedToken({ provider: bench.userAddress, expiresAt: 0 }, "session token is for different provider");
    await refusedToken({ expiresAt: NOW - 1000, generation: 9n }, "session token expired");
  });

  it("refuses tokens of a past or future generation", async () => {
    bench.chain.put(bench.userAddress, { generation: 2n });
    try {
      await refusedToken({ generation: 1n }, "session token has been revoked (generation expired)");
      await refusedToken({ generation: 3n }, "invalid session token (future generation)");
      expect((await bench.chat(undefined, await bench.headers({ generation: 2n }))).status).to.equal(200);
    } finally {
      bench.chain.put(bench.userAddress, { generation: 0n });
    }
  });

  it("refuses a revoked API key and no other", async () => {
    bench.chain.put(bench.userAddress, { revokedBitmap: (1n << 3n) | (1n << 255n) });
    try {
      await refusedToken({ tokenId: 3 }, "session token has been revoked");
      for (const tokenId of [2, 4, 255]) {
        expect((await bench.chat(undefined, await bench.headers({ tokenId }))).status, `id ${tokenId}`).to.equal(200);
      }
    } finally {
      bench.chain.put(bench.userAddress, { revokedBitmap: 0n });
    }
  });

  it("refuses signatures that are malformed or somebody else's", async () => {
    const text = await bench.token();
    const payload = Buffer.from(text.slice("app-sk-".length), "base64").toString();
    const [message = "", signature = ""] = payload.split("|");
    await refused(wrap(`${message}|${signature.slice(2)}`), "invalid signature format: hex string without 0x prefix");
    await refused(wrap(`${message}|0xzz`), "invalid signature format: invalid hex string");
    await refused(wrap(`${message}|${signature.slice(0, -2)}`), "invalid signature length");
    const zero = Number.parseInt(signature.slice(-2), 16) === 27 ? "00" : "01";
    await refused(
      wrap(`${message}|${signature.slice(0, -2)}${zero}`),
      "failed to recover public key from signature: invalid signature recovery id",
    );
    const stranger = new Wallet(developmentAccount(1).privateKey);
    await refused(`Bearer ${await bench.token({}, stranger)}`, "signature verification failed: address mismatch");
  });

  it("refuses a message that was changed after signing, also once the original was accepted", async () => {
    const original = await bench.token({ tokenId: 9 });
    const accepted = await bench.chat(undefined, { authorization: `Bearer ${original}` });
    expect(accepted.status).to.equal(200);
    const payload = Buffer.from(original.slice("app-sk-".length), "base64").toString();
    await refused(
      wrap(payload.replace('"tokenId":9', '"tokenId":8')),
      "signature verification failed: address mismatch",
    );
  });

  it("refuses an address that is none", async () => {
    await refusedToken({ address: "vitalik.eth" }, "signature verification failed: address mismatch");
  });
});
