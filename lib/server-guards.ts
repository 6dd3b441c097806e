/**
 * The guards of every HTTP server of this project: who may come in before a body is read. A page in somebody's browser
 * gets no further, whatever name it makes resolve to this machine; and where money is spent nobody does without a key.
 */

import { createHash, randomBytes } from "node:crypto";
import { isIP } from "node:net";

import { isLoopback, isLoopbackHost } from "./loopback.ts";

/** Why a request is not let in. */
export type DoorRefusal = "host" | "origin" | "content-type";

export interface Door {
  /** Serve only requests that name this machine: for servers that listen on loopback. */
  readonly loopbackOnly: boolean;
  /** Names beside addresses that a server on other interfaces is reached by; `any` where a name opens nothing. */
  readonly hosts?: readonly string[] | "any";
}

/** The headers that the guards look at. */
export interface DoorHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly "content-type"?: string | undefined;
}

export const JSON_TYPE = "application/json";
export const MULTIPART_TYPE = "multipart/form-data";

/**
 * Says why a request must not come in. Looks at headers only, so that it can stand before the body.
 * @param accepts the media type its body must have; absent for requests without one.
 */
export function refusedAtDoor(headers: DoorHeaders, door: Door, accepts?: string): DoorRefusal | undefined {
  if (!isServedHost(headers.host, door)) return "host";
  // Browsers send it with every request of a page that could do harm; nothing else does.
  if (headers.origin !== undefined) return "origin";
  if (accepts !== undefined && mediaType(headers["content-type"]) !== accepts) return "content-type";
  return undefined;
}

/** A page can make any name resolve here, but no address: those are safe to serve. */
function isServedHost(host: string | undefined, { loopbackOnly, hosts = [] }: Door): boolean {
  if (isLoopbackHost(host)) return true;
  if (loopbackOnly) return false;
  if (hosts === "any") return true;
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return isIP(hostname.replace(/^\[|\]$/g, "")) !== 0 || hosts.includes(hostname);
}

/** The type of a `Content-Type` header without its parameters, in lower case. */
export function mediaType(header: string | undefined): string | undefined {
  return header?.split(";", 1)[0]?.trim().toLowerCase();
}

/** What the guards need of where a server listens. */
export function doorAt(host: string, hosts: Door["hosts"] = []): Door {
  return { loopbackOnly: isLoopback(urlHost(host)), hosts };
}

/** A host as URLs write it: IPv6 in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

const KEY_BYTES = 32;
const BEARER = /^bearer +(\S+)$/i;

/** Makes a key nobody can guess: 256 random bits after a prefix that says whose it is. */
export function newKey(prefix: string, random: (size: number) => Uint8Array = randomBytes): string {
  return `${prefix}${Buffer.from(random(KEY_BYTES)).toString("base64url")}`;
}

/** What is kept of a key, and looked up: its SHA-256 in hexadecimal. Looking up a digest tells nothing by its time. */
export function keyDigest(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** The key in an `Authorization: Bearer …` header. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}
