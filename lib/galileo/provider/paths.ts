/** Which paths below /v1/proxy are charged for, and which kind of answer is charged how. */

import { REQUEST_KINDS, type RequestKind } from "../../protocol/services.ts";

/** A kind of request that is charged for. `messages` is a chat in Anthropic's format. */
export type BilledKind = RequestKind | "messages";

const PATHS: Readonly<Record<BilledKind, { readonly path: string; readonly serviceType: string }>> = {
  ...REQUEST_KINDS,
  messages: { path: "/messages", serviceType: REQUEST_KINDS.chat.serviceType },
};

/** The kind of request at a path below /v1/proxy; undefined when it is not charged for. */
export function billedKindAt(path: string): BilledKind | undefined {
  return (Object.keys(PATHS) as BilledKind[]).find((kind) => PATHS[kind].path === path);
}

export function pathOfKind(kind: BilledKind): string {
  return PATHS[kind].path;
}

/** Whether a service of this type answers requests of this kind. */
export function answersKind(serviceType: string, kind: BilledKind): boolean {
  return PATHS[kind].serviceType === serviceType;
}

export function isImageKind(kind: BilledKind): kind is "image" | "edit" {
  return kind === "image" || kind === "edit";
}
