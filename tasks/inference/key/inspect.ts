import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";

import { UsageError } from "../../../lib/errors.ts";
import { inspectToken, readStanding } from "../../../lib/keys/inspect.ts";
import { isEphemeral } from "../../../lib/networks.ts";
import { keyDigest } from "../../../lib/server-guards.ts";
import { action, type Answer } from "../../support/action.ts";
import { required } from "../../support/arguments.ts";
import { selectedNetwork, withConnection } from "../../support/connection.ts";
import { endText, keyFolder } from "../../support/keys.ts";
import { pairs } from "../../support/table.ts";

interface Arguments {
  readonly token: string;
  readonly offline: boolean;
}

/** The token given as it is, in a file, or on stdin, where no list of processes shows it. */
async function tokenText(given: string): Promise<string> {
  if (given.startsWith("app-sk-") || given.startsWith("Bearer ")) return given;
  if (given === "-") return readAll(process.stdin);
  try {
    return await readFile(given, "utf8");
  } catch (error) {
    throw new UsageError({
      message: "What was given is neither a token nor a file that can be read",
      remedy: "Give a file with the token, - to read it from stdin, or the token itself, which begins with app-sk-.",
      cause: error,
    });
  }
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const text = (await tokenText(required(args.token, "The token", "inference key inspect <file>, or -"))).trim();
  const network = selectedNetwork(hre);
  const { token, kind, signer, problems } = inspectToken(text, Date.now());
  const facts: [string, string][] = [
    ["kind", kind === "ephemeral" ? "session token" : `API key, token id ${token.tokenId}`],
    ["user", token.address],
    ["provider", token.provider],
    ["made", new Date(token.timestamp).toISOString()],
    ["ends", endText(token.expiresAt)],
    ["generation", String(token.generation)],
    ["signed by", signer ?? "nobody"],
    ["token", problems.length === 0 ? "in order" : problems.join("; ")],
  ];
  const { nonce: _secret, ...shown } = token;
  const common = { network: network.name, mode: network.mode, kind, ...shown, signer: signer ?? null, problems };
  if (args.offline || isEphemeral(network)) {
    const data = { ...common, honoured: problems.length === 0 ? null : false };
    return { data, text: pairs([...facts, ["chain", "not asked"]]) };
  }
  const { registry } = keyFolder(hre, network, io.signal);
  const digest = keyDigest(text.replace(/^Bearer /, ""));
  const label = (await registry.read()).find((record) => record.digest === digest)?.label;
  return withConnection(
    hre,
    async ({ read }) => {
      const { honoured, checks } = await readStanding(read, token);
      const good = honoured && problems.length === 0;
      return {
        data: { ...common, label: label ?? null, honoured: good, checks },
        text: pairs([
          ...facts,
          ...(label === undefined ? [] : [["label", label] as [string, string]]),
          ...checks.map(({ name, ok, explanation }): [string, string] => [name, `${ok ? "ok" : "NO"}: ${explanation}`]),
          ["honoured", good ? "yes" : "no; a provider may go by what the chain said up to ten minutes ago"],
        ]),
      };
    },
    io,
  );
});
