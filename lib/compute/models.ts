/** The models a provider says that it serves, beside the one the chain lists. */

import { z } from "zod";

import { parsedJson } from "../protocol/members.ts";
import { modelsUrl } from "../protocol/endpoints.ts";
import { ProviderDownError, ResponseMalformedError } from "./errors.ts";
import { exchange, textOf, type HttpDeps } from "./provider-http.ts";
import type { Service } from "./providers.ts";

const WHAT = "The list of models";
const MAX_BYTES = 1024 * 1024;
const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/**
 * Asks a provider for the names of its models. Needs no key and costs nothing; it is the provider's word, no signature
 * covers it.
 * @throws {ProviderDownError} {@link ResponseMalformedError} and the other errors of `exchange`.
 */
export async function fetchModels(http: HttpDeps, service: Pick<Service, "url">): Promise<readonly string[]> {
  const url = modelsUrl(service.url);
  const answer = await exchange({ ...http, maxResponseBytes: MAX_BYTES }, { what: WHAT, url, method: "GET" });
  const said = textOf(answer);
  if (answer.status !== 200) throw new ProviderDownError({ what: WHAT, url, status: answer.status, said });
  const parsed = listSchema.safeParse(parsedJson(said));
  if (!parsed.success) throw new ResponseMalformedError({ url, why: z.prettifyError(parsed.error) });
  return parsed.data.data.map(({ id }) => id);
}
