import { Contract, Interface, type ContractRunner } from "ethers";

import type { INFT, INFTDialects, TransferVerifier } from "../../types/ethers-contracts/index.ts";
import { registerErrors } from "../chain/revert.ts";
import type { Address } from "../hex.ts";
import { INFT_ABI } from "./abi.ts";
import { INFT_DIALECTS_ABI } from "./dialects-abi.ts";
import { TRANSFER_VERIFIER_ABI } from "./verifier-abi.ts";

let parsed: Readonly<Record<"inft" | "dialects" | "verifier", Interface>> | undefined;

/** All three, parsed on first use; from then on their custom errors are decoded by name, whichever contract answers. */
function interfaces() {
  if (parsed === undefined) {
    parsed = {
      inft: new Interface(INFT_ABI),
      dialects: new Interface(INFT_DIALECTS_ABI),
      verifier: new Interface(TRANSFER_VERIFIER_ABI),
    };
    registerErrors(...Object.values(parsed));
  }
  return parsed;
}

/** The iNFT's interface. */
export function inftInterface(): Interface {
  return interfaces().inft;
}

/** The interface of the iNFT's module of older dialects, which is called at the iNFT's address. */
export function dialectsInterface(): Interface {
  return interfaces().dialects;
}

/** The interface of the verifier of transfers. */
export function verifierInterface(): Interface {
  return interfaces().verifier;
}

/** The iNFT contract at `address`, typed. */
export function inftContract(address: Address, runner: ContractRunner): INFT {
  return new Contract(address, inftInterface(), runner) as unknown as INFT;
}

/** The iNFT contract at `address` as clients of older dialects see it, typed. */
export function dialectsContract(address: Address, runner: ContractRunner): INFTDialects {
  return new Contract(address, dialectsInterface(), runner) as unknown as INFTDialects;
}

/** The verifier of transfers at `address`, typed. */
export function verifierContract(address: Address, runner: ContractRunner): TransferVerifier {
  return new Contract(address, verifierInterface(), runner) as unknown as TransferVerifier;
}
