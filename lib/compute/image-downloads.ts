/** Images that an answer only names: fetched from the provider itself, and from nobody else. */

import { PROXY_PATH } from "../protocol/constants.ts";
import { serviceBase } from "../protocol/endpoints.ts";
import type { ImageEntry } from "../protocol/images.ts";
import { ImageAddressError, ProviderDownError } from "./errors.ts";
import { exchange, textOf, type HttpDeps } from "./provider-http.ts";
import type { Service } from "./providers.ts";

const WHAT = "Fetching an image";

/**
 * The images of an answer, in its order: those it holds, and those it names, fetched without a token. What comes is proved
 * by its hash, like every other image.
 * @throws {ImageAddressError} for an address that is not below the provider's own. {@link ProviderDownError} and the other
 *   errors of `exchange`.
 */
export async function fetchImages(
  http: HttpDeps,
  service: Pick<Service, "provider" | "url">,
  images: readonly ImageEntry[],
): Promise<readonly Uint8Array[]> {
  const fetched: Uint8Array[] = [];
  for (const image of images) fetched.push("bytes" in image ? image.bytes : await fetchOne(http, service, image.url));
  return fetched;
}

async function fetchOne(http: HttpDeps, service: Pick<Service, "provider" | "url">, text: string): Promise<Uint8Array> {
  const url = ownAddress(service, text);
  const answer = await exchange(http, { what: WHAT, url, method: "GET" });
  if (answer.status === 200) return answer.bytes;
  throw new ProviderDownError({ what: WHAT, url, status: answer.status, said: textOf(answer) });
}

/** The address, if it is one of the provider's images: an answer must not send anybody anywhere else. */
function ownAddress({ provider, url }: Pick<Service, "provider" | "url">, text: string): string {
  const base = new URL(`${serviceBase(url)}${PROXY_PATH}/images/`);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.origin === base.origin && parsed.pathname.startsWith(base.pathname) && parsed.username === "") {
    return parsed.href;
  }
  throw new ImageAddressError({ provider, address: text.slice(0, 300) });
}
