/** Every way a re-encryption fails, at the attestor and at its clients. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address, Hex } from "../../hex.ts";

const SHOW = "npx hardhat inft attestor show";
const OTHER_ATTESTOR = `Take another attestor, and tell who runs this one. ${SHOW} lists those the verifier takes.`;

// --- What an attestor refuses -----------------------------------------------------------------------------------

/** A request has another form than it must have, or contradicts itself. */
export class AttestorRequestError extends DomainError {
  constructor(problem: string, cause?: unknown) {
    super(
      "ZG_ATTESTOR_REQUEST",
      EXIT.usage,
      `This is no request to an attestor: ${problem}`,
      "docs/attestor.md describes requests; npx hardhat inft transfer <token> makes them.",
      { problem },
      cause,
    );
  }
}

/** A request is larger than the attestor takes. */
export class AttestorLimitError extends DomainError {
  constructor(values: { what: string; given: number; limit: number }) {
    const { what, given, limit } = values;
    super(
      "ZG_ATTESTOR_LIMIT",
      EXIT.precondition,
      `The request has ${given} ${what}; this attestor takes ${limit}`,
      "Ask an attestor with higher limits: npx hardhat inft attestor serve --max-bytes <bytes>",
      values,
    );
  }
}

/** A ciphertext is kept, but not for whoever asks now. */
export class AttestorObjectError extends DomainError {
  constructor(values: { dataHash: Hex; inft: Address; tokenId: bigint }) {
    const { dataHash, inft, tokenId } = values;
    super(
      "ZG_ATTESTOR_OBJECT",
      EXIT.trust,
      `${dataHash} is no datum of token ${tokenId} of ${inft} now, so it is not given out`,
      "Ask again when the transfer is done: a ciphertext is served while the chain lists it for its token.",
      values,
    );
  }
}

/** A request is for another chain than the one the attestor reads. */
export class AttestorChainError extends DomainError {
  constructor(values: { asked: number; served: number }) {
    super(
      "ZG_ATTESTOR_CHAIN",
      EXIT.precondition,
      `The request is for chain ${values.asked}; this attestor reads chain ${values.served}`,
      `Ask an attestor of that chain: ${SHOW}`,
      values,
    );
  }
}

/** The token's verifier would not take this attestor's signature, so it opens nothing for that token. */
export class AttestorUntrustedError extends DomainError {
  constructor(values: { attestor: Address; contract: Address; verifier?: Address }) {
    const { attestor, contract, verifier } = values;
    super(
      "ZG_ATTESTOR_UNTRUSTED",
      EXIT.precondition,
      verifier === undefined
        ? `${contract} is no token contract with a verifier, so ${attestor} does nothing for it`
        : `The verifier ${verifier} of ${contract} does not take signatures of ${attestor} now`,
      `Ask one that it lists: ${SHOW}`,
      values,
    );
  }
}

/** An attestor serves only the contracts its operator chose. */
export class AttestorContractError extends DomainError {
  constructor(values: { contract: Address; served: readonly Address[] }) {
    super(
      "ZG_ATTESTOR_CONTRACT",
      EXIT.precondition,
      `This attestor serves ${values.served.join(", ")}, not ${values.contract}`,
      `Ask another one: ${SHOW}`,
      values,
    );
  }
}

/** A proof that would be good for longer than the attestor signs: nobody can call it back. */
export class AttestorDeadlineError extends DomainError {
  constructor(values: { deadline: bigint; latest: bigint }) {
    super(
      "ZG_ATTESTOR_DEADLINE",
      EXIT.precondition,
      `The deadline ${values.deadline} is too far; this attestor signs for deadlines up to ${values.latest} (Unix seconds)`,
      "Ask the receiver to sign again with an earlier deadline: npx hardhat inft accept <token>",
      values,
    );
  }
}

/** A request is not signed by the token's owner. */
export class AttestorOwnerError extends DomainError {
  constructor(values: { owner: Address; signer?: Address }) {
    super(
      "ZG_ATTESTOR_OWNER",
      EXIT.trust,
      `The request is signed by ${values.signer ?? "nobody"}, and the token belongs to ${values.owner}`,
      "Sign with the owner's key, and sign exactly what is asked for.",
      values,
    );
  }
}

/** The receiver chose the new hashes itself, which nobody can make a ciphertext for. */
export class AttestorHashesChosenError extends DomainError {
  constructor(values: { newDataHashes: readonly Hex[] }) {
    super(
      "ZG_ATTESTOR_HASHES",
      EXIT.precondition,
      `The access proof names its new hashes (${values.newDataHashes.join(", ")}), but they follow from a fresh key`,
      "Ask the receiver to sign with open hashes: npx hardhat inft accept <token>",
      values,
    );
  }
}

/** The ciphertext of a datum was neither sent nor kept here. */
export class AttestorCiphertextError extends DomainError {
  constructor(values: { index: number; dataHash: Hex }) {
    super(
      "ZG_ATTESTOR_CIPHERTEXT",
      EXIT.precondition,
      `The encrypted bytes of datum ${values.index} (${values.dataHash}) were not sent, and this attestor does not keep them`,
      "Run the transfer where those bytes are kept, under .0g/<network>/objects.",
      values,
    );
  }
}

/** A data key was not sealed to this attestor, or not for this request. */
export class AttestorBoxError extends DomainError {
  constructor(values: { index: number; attestor: Address }, cause?: unknown) {
    const { index, attestor } = values;
    super(
      "ZG_ATTESTOR_BOX",
      EXIT.precondition,
      `The key given for datum ${index} does not open it: not its data key, or not sealed to ${attestor} for this very request`,
      "Run the transfer again; it seals the keys anew for each attestor and request.",
      values,
      cause,
    );
  }
}

/** A seed is of nobody the token's verifier lists, or was made for another attestor or request. */
export class SharedSeedError extends DomainError {
  constructor(values: { problem: string; attestor: Address; signer?: Address }, cause?: unknown) {
    super(
      "ZG_ATTESTOR_SEED",
      EXIT.trust,
      `The seed given for ${values.attestor} is not used: ${values.problem}`,
      "Run the transfer again: the first attestor shares a new one.",
      values,
      cause,
    );
  }
}

/** A seed was to be shared with a key whose account the verifier does not list: its holder would learn the fresh key. */
export class AttestorPeerError extends DomainError {
  constructor(values: { peer: Address; verifier: Address }) {
    super(
      "ZG_ATTESTOR_PEER",
      EXIT.trust,
      `${values.peer} is no attestor of the verifier ${values.verifier} now, so no seed is shared with it`,
      `Name attestors that it lists: ${SHOW}`,
      values,
    );
  }
}

/** An attestor does as much as it can already. */
export class AttestorBusyError extends DomainError {
  constructor(values: { inFlight: number }) {
    super(
      "ZG_ATTESTOR_BUSY",
      EXIT.network,
      `The attestor works on ${values.inFlight} requests, and takes no more at a time`,
      "Try again in a moment.",
      values,
    );
  }
}

// --- What a verifier lacks --------------------------------------------------------------------------------------

/** A contract has no verifier, or one that keeps no set of attestors: nobody of this project can vouch for its transfers. */
export class AttestorSetMissingError extends DomainError {
  constructor(values: { contract: Address; verifier?: Address }, cause?: unknown) {
    const { contract, verifier } = values;
    super(
      "ZG_ATTESTOR_SET_MISSING",
      EXIT.precondition,
      verifier === undefined
        ? `The contract ${contract} names no verifier`
        : `The verifier ${verifier} of ${contract} keeps no set of attestors`,
      "Name another contract with --inft: this one is not of this project, or of an older version.",
      values,
      cause,
    );
  }
}

// --- What a client finds ----------------------------------------------------------------------------------------

/** An address at which no attestor may be asked. */
export class AttestorUrlError extends DomainError {
  constructor(values: { url: string; problem: string }) {
    super(
      "ZG_ATTESTOR_URL",
      EXIT.usage,
      `${JSON.stringify(values.url)} is not the address of an attestor: ${values.problem}`,
      "Give an address such as https://attestor.example, or http://127.0.0.1:<port> on this machine.",
      values,
    );
  }
}

/** No attestor answers there. */
export class AttestorDownError extends DomainError {
  constructor(values: { url: string; problem: string }, cause?: unknown) {
    super(
      "ZG_ATTESTOR_DOWN",
      EXIT.network,
      `The attestor at ${values.url} does not answer as one: ${values.problem}`,
      `Start it (npx hardhat inft attestor serve), or name another one with --attestor. ${SHOW} says which answer.`,
      values,
      cause,
    );
  }
}

/** An attestor said no, and why. */
export class AttestorRefusedError extends DomainError {
  constructor(values: { url: string; status: number; code: string; said: string; advice: string }) {
    super(
      "ZG_ATTESTOR_REFUSED",
      EXIT.precondition,
      `The attestor at ${values.url} refused (${values.code}): ${values.said}`,
      `docs/errors.md explains ${values.code}. The attestor says: ${values.advice}`,
      values,
    );
  }
}

/** What an attestor answered does not hold. Nothing of it is used. */
export class AttestorLiesError extends DomainError {
  constructor(values: { url: string; problem: string }, cause?: unknown) {
    super(
      "ZG_ATTESTOR_LIES",
      EXIT.trust,
      `The attestor at ${values.url} answered what is not so: ${values.problem}`,
      OTHER_ATTESTOR,
      values,
      cause,
    );
  }
}

/** An attestor that the token's verifier does not list. */
export class AttestorUnknownError extends DomainError {
  constructor(values: { url: string; attestor: Address; verifier: Address }) {
    super(
      "ZG_ATTESTOR_UNKNOWN",
      EXIT.trust,
      `The attestor at ${values.url} is ${values.attestor}, which the verifier ${values.verifier} does not list as active now`,
      `Name one that it lists: ${SHOW}`,
      values,
    );
  }
}

/** Fewer attestors than the verifier demands. */
export class AttestorsMissingError extends DomainError {
  constructor(values: { verifier: Address; required: number; found: number; problems: readonly string[] }) {
    const { verifier, required, found, problems } = values;
    super(
      "ZG_ATTESTORS_MISSING",
      EXIT.precondition,
      `The verifier ${verifier} demands ${required} attestors, and ${found} can be asked${problems.length === 0 ? "" : ` (${problems.join("; ")})`}`,
      `Start or name more of them, with --attestor <url,url> or ZG_ATTESTORS. ${SHOW} says which the verifier takes.`,
      values,
    );
  }
}
