/** Which kind of request a path below /v1/proxy is. */

import { billedKindAt, type BilledKind } from "./paths.ts";

export type ProxyRoute =
  | { readonly kind: "billed"; readonly billed: BilledKind }
  /** An image that an answer only named. */
  | { readonly kind: "image"; readonly chatId: string; readonly index: string }
  | { readonly kind: "signature"; readonly chatId: string }
  | { readonly kind: "attestation" }
  | { readonly kind: "unsupported" };

const PREFIX = "/v1/proxy";

/** Drops the prefix, one more `/v1`, the query and trailing slashes. */
export function proxyPath(requestUri: string): string {
  let [path = ""] = requestUri.slice(PREFIX.length).split("?", 1);
  if (path === "/v1" || path.startsWith("/v1/")) path = path.slice("/v1".length);
  return path.replace(/\/+$/, "");
}

/** Chat ids are matched in lower case. */
export function proxyRoute(requestUri: string): ProxyRoute {
  const path = proxyPath(requestUri);
  const billed = billedKindAt(path);
  if (billed !== undefined) return { kind: "billed", billed };
  const [, imageId, index] = /^\/images\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (imageId !== undefined && index !== undefined) return { kind: "image", chatId: imageId.toLowerCase(), index };
  const [, chatId] = /^\/signature\/([^/]+)$/.exec(path) ?? [];
  if (chatId !== undefined) return { kind: "signature", chatId: chatId.toLowerCase() };
  if (path.startsWith("/signature")) return { kind: "signature", chatId: "" };
  if (path.startsWith("/attestation")) return { kind: "attestation" };
  return { kind: "unsupported" };
}
