import { Contract, Interface, type ContractRunner } from "ethers";

import type { INFT } from "../../types/ethers-contracts/index.ts";
import { registerErrors } from "../chain/revert.ts";
import type { Address } from "../hex.ts";
import { INFT_ABI } from "./abi.ts";

let parsed: Interface | undefined;

/** The iNFT's interface. Parsed on first use; from then on its custom errors are decoded by name. */
export function inftInterface(): Interface {
  if (parsed === undefined) {
    parsed = new Interface(INFT_ABI);
    registerErrors(parsed);
  }
  return parsed;
}

/** The iNFT contract at `address`, typed. */
export function inftContract(address: Address, runner: ContractRunner): INFT {
  return new Contract(address, inftInterface(), runner) as unknown as INFT;
}
