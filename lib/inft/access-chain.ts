import { Interface } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { chainCall, ContractRevertError } from "../chain/revert.ts";
import type { Address, Hex } from "../hex.ts";
import { readDelegate } from "./delegate.ts";
import type { AccessChain } from "./proof-access.ts";

const ERC1271 = new Interface(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
/** What a contract account answers to a signature it accepts: the function's own selector (ERC-1271). */
const ACCEPTED = "0x1626ba7e";

/** What the check of an access proof asks the chain: the token's delegates, and contract accounts. */
export function accessChain(ctx: ReadContext, inft: Address): AccessChain {
  return {
    delegateOf: async (receiver) => readDelegate(ctx, inft, receiver),
    isValidSignature: async (account, digest, signature) => {
      const data = ERC1271.encodeFunctionData("isValidSignature", [digest, signature]) as Hex;
      try {
        const answer = await chainCall(`Asking ${account} whether it signed`, ctx.provider.call({ to: account, data }));
        return answer.length === 66 && answer.startsWith(ACCEPTED); // an account without code answers nothing
      } catch (error) {
        if (error instanceof ContractRevertError) return false;
        throw error;
      }
    },
  };
}
