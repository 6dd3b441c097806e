/** Chainscan's Etherscan-like API, the three calls that publishing source code needs. It lives under `/open/api`. */

import { z } from "zod";

import { boundedBody } from "../bounded-body.ts";
import { AbortedError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import { ExplorerUnreachableError } from "./errors.ts";

/** Everything the explorer needs to compile the same bytecode. */
export interface SourceSubmission {
  readonly address: Address;
  /** As the compiler input spells it: `project/contracts/inft/INFT.sol:INFT`. */
  readonly contractName: string;
  /** With commit, without `v`: `0.8.37+commit.f401782d`. */
  readonly compilerVersion: string;
  /** The compiler's standard JSON input. */
  readonly compilerInput: unknown;
  /** ABI-encoded; `0x` when there are none. */
  readonly constructorArguments: Hex;
}

export interface ExplorerAnswer {
  readonly ok: boolean;
  readonly text: string;
}

/** An explorer that publishes source code. */
export interface Explorer {
  /** Whether the source of `address` is published. */
  isVerified(address: Address): Promise<boolean>;
  /** Submits source; the answer's text is a guid to ask for, or the reason of a refusal. */
  submit(source: SourceSubmission): Promise<ExplorerAnswer>;
  /** What became of a submission. */
  status(guid: string): Promise<ExplorerAnswer>;
}

export interface ChainscanOptions {
  readonly apiUrl: string;
  readonly chainId: number;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal;
  /** Milliseconds one request may take. */
  readonly requestTimeout?: number;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** It answers with the verified source, which may be long. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const Envelope = z.object({ status: z.string(), result: z.unknown() });
const Sources = z.array(z.object({ SourceCode: z.string() })).min(1);

/** Talks to Chainscan at `apiUrl`. */
export function chainscan(options: ChainscanOptions): Explorer {
  const { apiUrl, chainId, apiKey, signal } = options;

  async function call(query: Record<string, string>, body?: Record<string, string>): Promise<z.infer<typeof Envelope>> {
    const url = new URL(apiUrl);
    for (const [name, value] of Object.entries({
      module: "contract",
      chainid: String(chainId),
      apikey: apiKey,
      ...query,
    })) {
      url.searchParams.set(name, value);
    }
    const timeout = AbortSignal.timeout(options.requestTimeout ?? REQUEST_TIMEOUT_MS);
    let text: string;
    try {
      const response = await options.fetch(url, {
        redirect: "manual", // the key in the address goes nowhere else
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(body === undefined ? {} : { method: "POST", body: new URLSearchParams(body) }),
      });
      const bytes = await boundedBody(response, MAX_ANSWER_BYTES);
      if (bytes === undefined) throw new ExplorerUnreachableError({ url: apiUrl, said: "an answer without end" });
      text = bytes.toString("utf8");
      if (!response.ok) throw new ExplorerUnreachableError({ url: apiUrl, said: `HTTP ${response.status}` });
    } catch (error) {
      if (error instanceof ExplorerUnreachableError) throw error;
      if (signal?.aborted === true) throw new AbortedError("Verifying the source");
      throw new ExplorerUnreachableError({ url: apiUrl, said: reasonOf(error) }, error);
    }
    return parse(apiUrl, text);
  }

  return {
    isVerified: async (address) => {
      const { status, result } = await call({ action: "getsourcecode", address });
      const sources = Sources.safeParse(result);
      return status === "1" && sources.success && sources.data[0]?.SourceCode !== "";
    },
    submit: async ({ address, contractName, compilerVersion, compilerInput, constructorArguments }) => {
      const encoded = constructorArguments.slice(2);
      return answerOf(
        await call(
          { action: "verifysourcecode" },
          {
            contractaddress: address,
            sourceCode: JSON.stringify(compilerInput),
            codeformat: "solidity-standard-json-input",
            contractname: contractName,
            compilerversion: `v${compilerVersion}`,
            constructorArguments: encoded,
            // Etherscan's API began with this misspelling, and its descendants read one or the other.
            constructorArguements: encoded,
          },
        ),
      );
    },
    status: async (guid) => answerOf(await call({ action: "checkverifystatus", guid })),
  };
}

function answerOf({ status, result }: z.infer<typeof Envelope>): ExplorerAnswer {
  return { ok: status === "1", text: typeof result === "string" ? result : JSON.stringify(result) };
}

function parse(url: string, text: string): z.infer<typeof Envelope> {
  try {
    return Envelope.parse(JSON.parse(text));
  } catch (error) {
    throw new ExplorerUnreachableError({ url, said: `not an answer of its API: ${text.slice(0, 120)}` }, error);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
