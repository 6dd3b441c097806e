/**
 * The other side of a batch, in a process of its own: a served Galileo with one provider that waits 50 ms before every
 * answer and limits nobody. Prints one JSON line; ends with its stdin.
 */

import hre from "hardhat";

import { serveGalileo } from "../../../lib/galileo/serve.ts";

const DELAY_MS = Number(process.argv[2] ?? "50");
const UNLIMITED = 1_000_000;

const served = await serveGalileo(hre, { port: 0 });
const { galileo } = served;
const provider = await galileo.registerProvider({
  limits: { global: UNLIMITED, perUser: UNLIMITED },
  // As live providers do: they believe what they read of an account for ten minutes.
  accountCacheMs: 600_000,
});
provider.misbehave({ kind: "slow", ms: DELAY_MS });
const { signer } = await galileo.fundedUser();
process.stdout.write(
  `${JSON.stringify({ url: served.url, provider: provider.address, privateKey: signer.privateKey })}\n`,
);
process.stdin.resume();
process.stdin.once("end", () => {
  void served.close().then(() => process.exit(0));
});
