import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { EXIT, UsageError, ZgError } from "./errors.ts";

/** A local server cannot listen where it was told to. */
export class PortTakenError extends ZgError {
  constructor(values: { port: number; what: string; host?: string }, cause: unknown) {
    const { port, what, host = "127.0.0.1" } = values;
    const denied = codeOf(cause) === "EACCES";
    super({
      code: "ZG_PORT_TAKEN",
      exit: EXIT.precondition,
      message: denied
        ? `This user may not listen on port ${port}, where the ${what} was to listen`
        : `Port ${port} on ${host} is taken, so the ${what} cannot listen there`,
      remedy: "Stop what listens there, or choose another port; port 0 takes a free one.",
      details: { port, what },
      cause,
    });
  }
}

/** Where a server is to listen, and what it is, for the error. */
export interface ListenOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly what: string;
}

/**
 * Starts listening and returns the port.
 * @throws {PortTakenError} when something listens there already, or this user may not.
 * @throws {UsageError} when `host` is no address of this machine.
 */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  const { host = "127.0.0.1", port } = options;
  try {
    await once(server.listen({ host, port }), "listening");
  } catch (error) {
    throw asListenError(error, options);
  }
  return (server.address() as AddressInfo).port;
}

/** Gives what a server threw that could not listen a class; anything else passes through. */
export function asListenError(error: unknown, options: ListenOptions): unknown {
  const code = codeOf(error);
  if (code === "EADDRINUSE" || code === "EACCES") return new PortTakenError(options, error);
  if (code !== "EADDRNOTAVAIL" && code !== "ENOTFOUND" && code !== "EAI_AGAIN") return error;
  return new UsageError({
    message: `${options.host ?? ""} is no address of this machine, so the ${options.what} cannot listen there`,
    remedy: "Give an address of one of its interfaces; 0.0.0.0 is all of them.",
    details: { host: options.host, what: options.what },
    cause: error,
  });
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
