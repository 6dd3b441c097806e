/** What an attestor reads of the chain. All of it is read when a request is served: nothing is believed longer. */

import type { Interface, Result } from "ethers";

import { latestBlock } from "../../chain/connect.ts";
import type { ReadContext } from "../../chain/context.ts";
import { chainCall, ContractRevertError } from "../../chain/revert.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../../hex.ts";
import { accessChain } from "../access-chain.ts";
import { inftInterface, verifierInterface } from "../contracts.ts";
import type { AccessChain } from "../proof-access.ts";

/** A token as its contract knows it now. */
export interface AttestedToken {
  readonly owner: Address;
  readonly sequence: bigint;
  readonly dataHashes: readonly Hex[];
}

export interface AttestorChain {
  /** Time of the latest block, Unix seconds: what the verifier will compare a deadline with. */
  readonly now: () => Promise<bigint>;
  /** `verifier()` of a token contract; undefined when it has none, or no contract is there. */
  readonly verifierOf: (contract: Address) => Promise<Address | undefined>;
  /** Whether a verifier counts signatures of `attestor` now. */
  readonly isAttestor: (verifier: Address, attestor: Address) => Promise<boolean>;
  /** Undefined when it does not exist, or the contract cannot tell. */
  readonly tokenOf: (contract: Address, tokenId: bigint) => Promise<AttestedToken | undefined>;
  /** Delegates of a token contract, and contract accounts. */
  readonly accessOf: (contract: Address) => AccessChain;
}

/** Reads through a provider. Every refusal of a contract, and every answer of another form, is an absence; an outage is not. */
export function attestorChain(ctx: ReadContext): AttestorChain {
  const [token, set] = [inftInterface(), verifierInterface()];
  const ask = async (abi: Interface, to: Address, name: string, args: readonly unknown[]) => {
    const data = abi.encodeFunctionData(name, args);
    let answer: string;
    try {
      answer = await chainCall(`Asking ${to} for ${name}`, ctx.provider.call({ to, data }));
    } catch (error) {
      if (error instanceof ContractRevertError) return undefined;
      throw error;
    }
    return decoded(() => abi.decodeFunctionResult(name, answer));
  };
  return {
    now: async () => BigInt((await latestBlock(ctx)).timestamp),
    verifierOf: async (contract) => {
      const [verifier] = (await ask(token, contract, "verifier", [])) ?? [];
      return verifier === undefined ? undefined : checksum(verifier as string);
    },
    isAttestor: async (verifier, attestor) => {
      const [active] = (await ask(set, verifier, "isAttestor", [attestor])) ?? [];
      return active === true;
    },
    tokenOf: async (contract, tokenId) => {
      const [state, datas] = await Promise.all([
        ask(token, contract, "tokenStateOf", [tokenId]),
        ask(token, contract, "intelligentDataOf", [tokenId]),
      ]);
      if (state === undefined || datas === undefined) return undefined;
      const { owner, sequence } = state[0] as { owner: string; sequence: bigint };
      if (checksum(owner) === ZERO_ADDRESS) return undefined;
      return {
        owner: checksum(owner),
        sequence,
        dataHashes: (datas[0] as readonly { dataHash: Hex }[]).map(({ dataHash }) => dataHash),
      };
    },
    accessOf: (contract) => accessChain(ctx, contract),
  };
}

/** Ethers decodes lazily: a malformed part throws when it is looked at, so all is looked at here. */
function decoded(decode: () => Result): Result | undefined {
  try {
    const result = decode();
    result.toArray(true);
    return result;
  } catch {
    return undefined; // no contract, or one that answers something else
  }
}
