import { EXIT, ZgError } from "../../errors.ts";

/** A local server cannot listen where it was told to. */
export class PortTakenError extends ZgError {
  constructor(values: { port: number; what: string }, cause: unknown) {
    const { port, what } = values;
    const denied = (cause as { code?: unknown }).code === "EACCES";
    super({
      code: "ZG_PORT_TAKEN",
      exit: EXIT.precondition,
      message: denied
        ? `This user may not listen on port ${port}, where the ${what} was to listen`
        : `Port ${port} on 127.0.0.1 is taken, so the ${what} cannot listen there`,
      remedy: "Stop what listens there, or choose another port; port 0 takes a free one.",
      details: { port, what },
      cause,
    });
  }
}
