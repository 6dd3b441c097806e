/** From a paid answer to its proof: the images it only names, the signature, the verdict, the receipt. */

import { imagesOf, type ImageEntry } from "../protocol/images.ts";
import { parsedJson } from "../protocol/members.ts";
import { ChatIdMissingError } from "./errors.ts";
import { fetchImages } from "./image-downloads.ts";
import type { HttpDeps } from "./provider-http.ts";
import type { Service } from "./providers.ts";
import { proved, receiptBytes, type Receipt, type UnprovedAnswer } from "./receipt.ts";
import { fetchSignature } from "./signature.ts";
import { verifyInference, type Verification } from "./verify.ts";

/**
 * The images that an answer only names, fetched while they are there; undefined when it names none.
 * @throws those of `fetchImages`
 */
export async function namedImages(
  http: HttpDeps,
  service: Pick<Service, "provider" | "url">,
  images: readonly ImageEntry[] | undefined,
): Promise<readonly Uint8Array[] | undefined> {
  const named = images?.some((image) => "url" in image) === true;
  return named ? fetchImages(http, service, images) : undefined;
}

/** An answer with the images that it only names, where they are not there yet. */
export async function withImages(http: HttpDeps, service: Service, answer: UnprovedAnswer): Promise<UnprovedAnswer> {
  if (!("measure" in answer) || answer.images !== undefined) return answer;
  const { responseBytes } = receiptBytes(answer);
  const images = await namedImages(http, service, imagesOf(parsedJson(Buffer.from(responseBytes).toString("utf8"))));
  if (images === undefined) return answer;
  return { ...answer, images: images.map((image) => Buffer.from(image).toString("base64")) };
}

/**
 * Fetches the signature of an answer and verifies it by what the chain lists. Costs nothing, needs no key, and works as
 * long as the provider keeps the signature.
 * @param service as the chain lists it now.
 * @throws {ChatIdMissingError} and those of `fetchSignature` when there is none to be had.
 */
export async function proveAnswer(
  http: HttpDeps,
  service: Service,
  answer: UnprovedAnswer,
): Promise<{ readonly receipt: Receipt; readonly verification: Verification }> {
  const { chatId } = answer;
  if (chatId === undefined) throw new ChatIdMissingError({ provider: service.provider });
  const signature = await fetchSignature(http, service, chatId);
  const verification = verifyInference({ service, ...receiptBytes(answer), signature });
  return { receipt: proved(answer, signature, verification), verification };
}
