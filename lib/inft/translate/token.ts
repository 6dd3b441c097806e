/** What the token says of itself, of its owner and of those it may serve. */

import {
  AuthorizationRefusedError,
  MintArgumentsError,
  NothingStagedError,
  RecipientRefusesTokenError,
  RoyaltyRefusedError,
  StageExpiredError,
  TokenMissingError,
  TransferNeedsProofError,
  VerifierMissingError,
} from "../errors.ts";
import { number, rule, text, type Args, type Translation, type Translations } from "./arguments.ts";

function authorization(problem: (args: Args) => string): Translation {
  return (args, cause) => new AuthorizationRefusedError({ problem: problem(args), ...args }, cause);
}

function mintArguments(problem: (args: Args) => string): Translation {
  return (args, cause) => new MintArgumentsError({ problem: problem(args), ...args }, cause);
}

export const TOKEN_TRANSLATIONS: Translations = {
  ERC721NonexistentToken: (a, cause) => new TokenMissingError({ tokenId: number(a, "tokenId") }, cause),
  ERC721InvalidReceiver: (a, cause) => new RecipientRefusesTokenError({ receiver: text(a, "receiver") }, cause),
  ERC721IncorrectOwner: rule(
    (a) => `Token ${text(a, "tokenId")} belongs to ${text(a, "owner")}, not to ${text(a, "sender")}`,
  ),
  ERC721InsufficientApproval: rule((a) => `${text(a, "operator")} may not move or change token ${text(a, "tokenId")}`),
  ERC721InvalidApprover: rule((a) => `${text(a, "approver")} may not approve for this token`),
  ERC721InvalidOperator: rule((a) => `${text(a, "operator")} cannot be an operator`),
  ERC721InvalidOwner: rule((a) => `${text(a, "owner")} cannot own tokens`),
  ERC721InvalidSender: rule((a) => `${text(a, "sender")} cannot send tokens`),
  ERC7857CounterExhausted: rule((a) => `Token ${text(a, "tokenId")} has changed as often as its counter can count`),

  ERC7857TransferNeedsProof: (a, cause) =>
    new TransferNeedsProofError({ tokenId: number(a, "tokenId"), from: text(a, "from"), to: text(a, "to") }, cause),
  ERC7857NothingStaged: (a, cause) => new NothingStagedError({ tokenId: number(a, "tokenId") }, cause),
  ERC7857StageExpired: (a, cause) =>
    new StageExpiredError(
      { tokenId: number(a, "tokenId"), deadline: number(a, "deadline"), timestamp: number(a, "timestamp") },
      cause,
    ),

  ERC7857SealedKeyCount: mintArguments((a) => `${text(a, "sealedKeys")} sealed keys for ${text(a, "datas")} data`),
  ERC7857TooManyData: mintArguments((a) => `${text(a, "datas")} data, and a token holds at most 255`),
  ERC7857CreationFailed: rule((a) => `The chain did not keep ${text(a, "length")} bytes as code, as it should`),
  ERC7857BlobTooLarge: mintArguments(
    (a) => `descriptions or keys of ${text(a, "length")} bytes, and the chain keeps at most ${text(a, "limit")}`,
  ),

  ERC7857InvalidAuthorizedUser: authorization((a) => `${text(a, "user")} is the owner itself, or nobody`),
  ERC7857NotAuthorized: authorization((a) => `${text(a, "user")} may not use token ${text(a, "tokenId")}`),
  ERC7857AuthorizationExpired: authorization(
    (a) => `it would end at ${text(a, "expiry")}, and the chain's time is ${text(a, "timestamp")} (Unix seconds)`,
  ),

  ERC7857VerifierWithoutCode: (a, cause) => new VerifierMissingError({ verifier: text(a, "verifier") }, cause),
  RoyaltyTooHigh: (a, cause) =>
    new RoyaltyRefusedError({ basisPoints: number(a, "basisPoints"), problem: "is more than the price" }, cause),
  RoyaltyWithoutReceiver: (a, cause) =>
    new RoyaltyRefusedError({ basisPoints: number(a, "basisPoints"), problem: "would be paid to nobody" }, cause),
  DialectHostOnlySelf: rule((a) => `${text(a, "caller")} called what only the token's own module may call`),
};
