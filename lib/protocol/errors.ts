import { EXIT, ZgError } from "../errors.ts";

/** A session token is not `app-sk-` and the base64 of `message|signature`. It is a secret, so it is never quoted. */
export class SessionTokenMalformedError extends ZgError {
  constructor(problem: string, cause?: unknown) {
    super({
      code: "ZG_SESSION_TOKEN_FORMAT",
      exit: EXIT.usage,
      message: `This is no session token: ${problem}`,
      remedy: "Give the whole text that starts with app-sk-, as it was printed when the token was made.",
      details: { problem },
      cause,
    });
  }
}

/** A signature is not 65 bytes of r, s and v (27 or 28), or no key can have made it. */
export class SignatureMalformedError extends ZgError {
  constructor(signature: string, cause?: unknown) {
    const shown = signature.length > 140 ? `${signature.slice(0, 140)}…` : signature;
    super({
      code: "ZG_SIGNATURE_FORMAT",
      exit: EXIT.trust,
      message: `${JSON.stringify(shown)} is no signature of 65 bytes with v 27 or 28`,
      remedy: "Do not trust this response. Ask again, or use another provider: npx hardhat provider list.",
      details: { signature: shown },
      cause,
    });
  }
}

/** The address a service registered is not an http(s) URL. */
export class ServiceUrlError extends ZgError {
  constructor(url: string, cause?: unknown) {
    super({
      code: "ZG_SERVICE_URL",
      exit: EXIT.precondition,
      message: `The provider registered ${JSON.stringify(url)}, which is no http or https address`,
      remedy: "Use another provider: npx hardhat provider list.",
      details: { url },
      cause,
    });
  }
}
