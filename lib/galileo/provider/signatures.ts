/** The signatures over answers, kept for a while under the answer's chat id. */

import { createHash } from "node:crypto";

import type { BaseWallet } from "ethers";
import { Wallet } from "ethers";

import { checksum } from "../../hex.ts";
import { signedText } from "../../protocol/signed-text.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

/** The body of `/v1/proxy/signature/{chatId}`. */
export interface SignatureRecord {
  readonly text: string;
  readonly signature: string;
  readonly signing_address: string;
  readonly signing_algo: "ecdsa";
}

export interface SignatureStore {
  /**
   * Signs an answer's hashes and keeps that under its chat id; lies as `how` says.
   * @param responseHashes of the body; of each image, where images are signed.
   */
  sign(
    chatId: string,
    requestHash: string,
    responseHashes: readonly string[],
    how: Misbehaviour | undefined,
  ): Promise<void>;
  /** Undefined when there is none, or no longer. */
  find(chatId: string): SignatureRecord | undefined;
}

interface Kept {
  readonly record: SignatureRecord;
  readonly until: number;
  /** How many look-ups still fail. */
  misses: number;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function signatureStore(options: {
  readonly tee: () => BaseWallet;
  readonly lifetimeMs: number;
  readonly clock: () => number;
}): SignatureStore {
  const { tee, lifetimeMs, clock } = options;
  const kept = new Map<string, Kept>(); // oldest first
  let last: SignatureRecord | undefined;

  const genuine = async (text: string, signer: BaseWallet): Promise<SignatureRecord> => ({
    text,
    signature: await signer.signMessage(text),
    signing_address: checksum(tee().address),
    signing_algo: "ecdsa",
  });

  const record = async (requestHash: string, responseHashes: readonly string[], how: Misbehaviour | undefined) => {
    const responseHash = responseHashes.join(",");
    const text = signedText(requestHash, responseHash);
    switch (how?.kind) {
      case "wrong-signature":
        // Over other bytes: for this text it is noise, from which some random address is recovered.
        return { ...(await genuine(text, tee())), signature: await tee().signMessage(`${text}?`) };
      case "foreign-signature":
        return genuine(text, new Wallet(`0x${sha256("not the TEE")}`));
      case "signed-by":
        return genuine(text, how.signer);
      case "replayed-signature":
        return {
          ...(await genuine(text, tee())),
          signature: last?.signature ?? (await tee().signMessage("another answer")),
        };
      case "replayed-text":
        // An earlier answer of this very provider, or one it might have given.
        return last ?? genuine(signedText(sha256("another request"), sha256("another response")), tee());
      case "wrong-response-hash":
        return genuine(signedText(requestHash, responseHashes.map((hash) => sha256(`not ${hash}`)).join(",")), tee());
      case "wrong-request-hash":
        return genuine(signedText(sha256("another request"), responseHash), tee());
      default:
        return genuine(text, tee());
    }
  };

  return {
    async sign(chatId, requestHash, responseHashes, how) {
      const signed = await record(requestHash, responseHashes, how);
      if (how === undefined) last = signed;
      const now = clock();
      for (const [id, { until }] of kept) if (until <= now) kept.delete(id);
      if (how?.kind === "no-signature") return;
      const misses = how?.kind === "late-signature" ? how.misses : 0;
      kept.set(chatId.toLowerCase(), { record: signed, until: now + lifetimeMs, misses });
    },
    find(chatId) {
      const entry = kept.get(chatId.toLowerCase());
      if (entry === undefined || entry.until <= clock()) return undefined;
      if (entry.misses > 0) {
        entry.misses -= 1;
        return undefined;
      }
      return entry.record;
    },
  };
}
