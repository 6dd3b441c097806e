import path from "node:path";

import { latestBlock } from "../../lib/chain/connect.ts";
import { checksum, parseAddress, toHex } from "../../lib/hex.ts";
import { acceptToken } from "../../lib/inft/accept.ts";
import { serializeAccessProof } from "../../lib/inft/proof-access.ts";
import { readOwnedToken } from "../../lib/inft/transfer.ts";
import { publicKey64, publicKeyOf } from "../../lib/sealing/index.ts";
import { assertWritable, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { parseSealingKey } from "../support/access-proof.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { assertKeyUsable, selectedNetwork, withConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { onNetwork } from "../support/on-network.ts";
import { pairs } from "../support/table.ts";
import { parseUntil, untilText } from "../support/until.ts";

interface Arguments {
  readonly token: string;
  readonly clone: boolean;
  readonly publicKey: string | undefined;
  readonly deadline: string;
  readonly for: string | undefined;
  readonly out: string | undefined;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

const EXAMPLE = "inft accept <token> --out access-proof.json";

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", EXAMPLE));
  const out = path.resolve(required(args.out, "The file to write (--out)", EXAMPLE));
  const named = args.publicKey === undefined ? undefined : parseSealingKey(args.publicKey);
  const receiver = args.for === undefined ? undefined : parseAddress(args.for, "receiver");
  assertKeyUsable(selectedNetwork(hre));
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const { timestamp } = await latestBlock(read);
      const deadline = parseUntil(args.deadline, "deadline", BigInt(timestamp));
      const token = await readOwnedToken(read, { inft, tokenId, fromBlock });
      await assertWritable(out, "private");
      const signer = await open.signer(args.as);
      const separate = args.as === undefined ? await open.separateKey() : undefined;
      const sealTo =
        named ?? (separate === undefined ? undefined : toHex(publicKey64(publicKeyOf(separate.privateKey))));
      const to = receiver ?? checksum(signer.address);
      const kind = args.clone ? "clone" : "transfer";
      const {
        proof,
        by,
        sealTo: key,
      } = await acceptToken(read, {
        token,
        action: kind,
        to,
        deadline,
        signer,
        ...(sealTo === undefined ? {} : { sealTo }),
      });
      await writeFileAtomic(out, serializeAccessProof(proof), "private");
      const use = `npx hardhat inft ${kind} ${tokenId} --to ${to} --access-proof ${path.basename(out)}`;
      return {
        data: { network: network.name, file: out, owner: token.owner, sealTo: key, signedBy: by.signer, ...proof },
        text: [
          ...pairs([
            ["file", out],
            ["lets", `${token.owner} ${kind} token ${tokenId} ${kind === "clone" ? "for" : "to"} ${to}, once`],
            ["until", `${untilText(deadline)}, or the token's next change`],
            ["sealed to", key],
          ]),
          "",
          "The owner needs this file and runs:",
          `  ${onNetwork(use, network.name)}`,
        ],
      };
    },
    io,
  );
});
