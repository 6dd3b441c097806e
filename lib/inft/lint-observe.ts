/** What is worth knowing of a token contract beside the functions it has, each thing looked at by itself. */

import { FunctionFragment, Interface, type ParamType } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { ZERO_ADDRESS, checksum, type Address, type Hex } from "../hex.ts";
import { inftInterface } from "./contracts.ts";
import { allDialects, transferNonce, type DialectId, type Known } from "./dialects.ts";
import { callStatically, type CallAnswer } from "./lint-call.ts";
import { constantsIn, reachableCode, type Replaceable } from "./lint-code.ts";
import { announces, type Surface } from "./lint-surface.ts";

export type ObservationName =
  /** It tells by ERC-165 what it is. */
  | "erc-165"
  /** Its code cannot be replaced by way of a proxy. */
  | "same-code"
  /** A plain transfer of a token that holds data is refused. */
  | "plain-transfer"
  /** A contract stands where it has its proofs verified. */
  | "verifier"
  /** That contract refuses a proof that nobody signed. */
  | "unsigned-proof"
  /** Its proofs in AgentNFT's format are bound to what they are about. */
  | "bound-nonce";

export interface Observation {
  readonly name: ObservationName;
  readonly status: "ok" | "warning" | "not checked";
  /** What was seen, with the values; or why nothing was. */
  readonly detail: string;
}

export interface Observed {
  readonly contract: Address;
  readonly tokenId?: bigint;
  readonly surface: Surface;
  readonly replaceable: readonly Replaceable[];
}

type Look = (ctx: ReadContext, of: Observed) => Promise<Omit<Observation, "name">>;

const ok = (detail: string) => ({ status: "ok", detail }) as const;
const warning = (detail: string) => ({ status: "warning", detail }) as const;
const notChecked = (detail: string) => ({ status: "not checked", detail }) as const;

/** `supportsInterface` must say yes to its own id and no to this one. */
const ERC165_ID: Hex = "0x01ffc9a7";
const INVALID_ID: Hex = "0xffffffff";

const saysWhatItIs: Look = async (ctx, { contract }) => {
  const [itself, invalid] = [await announces(ctx, contract, ERC165_ID), await announces(ctx, contract, INVALID_ID)];
  if (itself !== true) return warning("It does not answer ERC-165, so nothing can ask it what it is");
  if (invalid !== false) return warning(`It announces ${INVALID_ID}, which ERC-165 forbids: its answers mean nothing`);
  return ok("It answers ERC-165");
};

const keepsItsCode: Look = async (_, { replaceable }) => {
  if (replaceable.length === 0)
    return ok("It is no proxy of ERC-1967; whether it delegates by other means was not looked at");
  const who = replaceable.map(({ proxy, by, address }) =>
    by === "beacon"
      ? `beacon ${String(address)} names the code that runs at ${proxy}`
      : `${proxy} is a proxy whose code can be replaced by ${address === undefined ? "whoever the code itself lets" : `its admin ${address}`}`,
  );
  return warning(who.join("; "));
};

function known(dialect: DialectId, name: string): Known<FunctionFragment> {
  const found = allDialects()
    .find(({ id }) => id === dialect)
    ?.functions.find(({ fragment }) => fragment.name === name);
  if (found === undefined) throw new Error(`${dialect} has no ${name}`);
  return found;
}

/** Calls a function of a dialect and decodes what it returns; undefined when it lacks it or does not return that. */
async function read(
  ctx: ReadContext,
  { contract, surface }: Observed,
  [dialect, name]: readonly [DialectId, string],
  args: readonly unknown[] = [],
): Promise<unknown> {
  const { id, fragment } = known(dialect, name);
  if (!surface.has(id)) return undefined;
  const abi = new Interface([fragment]);
  const answer = await callStatically(ctx, { to: contract, data: abi.encodeFunctionData(name, args) as Hex });
  if (answer.status !== "returned") return undefined;
  try {
    return abi.decodeFunctionResult(name, answer.data)[0] as unknown;
  } catch {
    return undefined; // it returns something else under this name
  }
}

const FIRST_IDS = [0n, 1n, 2n, 3n];
const SOMEBODY: Address = "0x000000000000000000000000000000000000dEaD";

/** Whether a token holds data, by whichever getter there is. */
async function holdsData(ctx: ReadContext, of: Observed, tokenId: bigint): Promise<boolean> {
  for (const getter of [
    ["final", "intelligentDataOf"],
    ["agentnft", "intelligentDatasOf"],
  ] as const) {
    const datas = await read(ctx, of, getter, [tokenId]);
    if (Array.isArray(datas)) return datas.length > 0;
  }
  const hash = await read(ctx, of, ["docs-draft", "getMetadataHash"], [tokenId]);
  return typeof hash === "string" && BigInt(hash) !== 0n;
}

const refusesPlainTransfer: Look = async (ctx, of) => {
  const { contract, tokenId, surface } = of;
  if (!surface.has(known("erc721", "transferFrom").id)) return ok("It has no transferFrom");
  for (const id of tokenId === undefined ? FIRST_IDS : [tokenId]) {
    const owner = await read(ctx, of, ["erc721", "ownerOf"], [id]);
    if (typeof owner !== "string" || owner === ZERO_ADDRESS || !(await holdsData(ctx, of, id))) continue;
    const transfer = new Interface(["function transferFrom(address from, address to, uint256 tokenId)"]);
    const answer = await callStatically(ctx, {
      to: contract,
      from: checksum(owner),
      data: transfer.encodeFunctionData("transferFrom", [owner, SOMEBODY, id]) as Hex,
    });
    return answer.status === "reverted"
      ? ok(`Token ${id}, which holds data, was refused to its owner: ${reasonOf(answer)}`)
      : warning(`Token ${id} holds data, and its owner could move it without a proof: its keys stay behind`);
  }
  return notChecked(
    tokenId === undefined
      ? `None of the tokens ${FIRST_IDS.join(", ")} holds data; name one with --token`
      : `Token ${tokenId} does not exist or holds no data`,
  );
};

function reasonOf({ error }: CallAnswer): string {
  return error ?? "without a reason";
}

async function verifierOf(ctx: ReadContext, of: Observed): Promise<Address | undefined> {
  for (const getter of [
    ["final", "verifier"],
    ["docs-draft", "oracle"],
  ] as const) {
    const address = await read(ctx, of, getter);
    if (typeof address === "string") return checksum(address);
  }
  return undefined;
}

const hasVerifier: Look = async (ctx, of) => {
  const verifier = await verifierOf(ctx, of);
  if (verifier === undefined) return notChecked("It names no verifier");
  const { pieces } = await reachableCode(ctx, verifier);
  return pieces.length === 0
    ? warning(`Its verifier ${verifier} is no contract`)
    : ok(`Its verifier is the contract ${verifier}`);
};

/** 65 bytes that no key makes: a signature's r and s are never zero. */
const NOBODYS_SIGNATURE = `0x${"00".repeat(64)}1b`;

/** A proof of a dialect's shape that names nothing and that nobody signed. */
function unsignedProof(type: ParamType): unknown {
  if (type.isArray()) return [unsignedProof(type.arrayChildren)];
  if (type.isTuple()) return type.components.map(unsignedProof);
  if (type.name === "proof") return NOBODYS_SIGNATURE;
  if (type.type === "bytes") return "0x";
  return type.type === "bytes32" ? `0x${"00".repeat(32)}` : 0n;
}

/** How a verifier of each dialect is asked: with the proofs that the dialect's transfer takes. */
function verifierCalls(): { title: string; id: Hex; data: Hex }[] {
  const proven = [known("final", "iTransfer"), known("agentnft", "iTransferFrom"), known("agenticid", "iTransferFrom")];
  const calls = proven.map(({ fragment }) => ({
    signature: `verifyTransferValidity(${fragment.inputs.at(-1)?.format("sighash") ?? ""})`,
    args: fragment.inputs.slice(-1).map(unsignedProof),
  }));
  return [...calls, { signature: "verifyProof(bytes)", args: [NOBODYS_SIGNATURE] }].map(({ signature, args }) => {
    const fragment = FunctionFragment.from(`function ${signature}`);
    const data = new Interface([fragment]).encodeFunctionData(fragment, args) as Hex;
    return { title: fragment.name, id: fragment.selector as Hex, data };
  });
}

/** Nothing, zero and false are no acceptance: a fallback may return them for anything. */
function accepts({ status, data }: CallAnswer): boolean {
  return status === "returned" && /[1-9a-f]/.test(data.slice(2));
}

const refusesUnsignedProof: Look = async (ctx, of) => {
  const verifier = await verifierOf(ctx, of);
  if (verifier === undefined) return notChecked("It names no verifier");
  const { pieces } = await reachableCode(ctx, verifier);
  const selectors = pieces.map(({ code }) => constantsIn(code).selectors);
  const calls = verifierCalls().filter(({ id }) => selectors.some((its) => its.has(id)));
  if (calls.length === 0) return notChecked(`The verifier ${verifier} has no entry that was looked for`);
  for (const { title, id, data } of calls) {
    // The token is the caller, for a verifier that binds its proofs to it.
    const answer = await callStatically(ctx, { to: verifier, from: of.contract, data });
    if (accepts(answer))
      return warning(`The verifier ${verifier} accepts a proof that nobody signed, by ${title} (${id})`);
  }
  return ok(`The verifier ${verifier} refused a proof that nobody signed`);
};

const bindsNonces: Look = async (_, { surface }) => {
  if (!surface.has(known("agentnft", "iTransferFrom").id)) return notChecked("It has no iTransferFrom of AgentNFT");
  return surface.has(transferNonce().id)
    ? ok(`It says by ${transferNonce().fragment.name} which nonce a proof must carry`)
    : warning(
        "Proofs of AgentNFT's format name neither chain, contract, token, receiver nor action, and it has no " +
          `${transferNonce().fragment.name} that would say how their nonces do`,
      );
};

const LOOKS: Readonly<Record<ObservationName, Look>> = {
  "erc-165": saysWhatItIs,
  "same-code": keepsItsCode,
  "plain-transfer": refusesPlainTransfer,
  verifier: hasVerifier,
  "unsigned-proof": refusesUnsignedProof,
  "bound-nonce": bindsNonces,
};

/** Makes every observation, in a fixed order. */
export async function observe(ctx: ReadContext, of: Observed): Promise<Observation[]> {
  inftInterface(); // so that this project's own refusals have names
  const observations: Observation[] = [];
  for (const [name, look] of Object.entries(LOOKS) as [ObservationName, Look][]) {
    observations.push({ name, ...(await look(ctx, of)) });
  }
  return observations;
}
