/** One embedded Galileo with a provider of each kind of service, and customers of it. */

import { randomBytes } from "node:crypto";

import { genesisHash } from "../../../../lib/chain/connect.ts";
import { ask, type ServiceResult } from "../../../../lib/compute/ask.ts";
import { askAsJob } from "../../../../lib/compute/async-job.ts";
import { namedImages, proveAnswer } from "../../../../lib/compute/prove.ts";
import type { HttpDeps } from "../../../../lib/compute/provider-http.ts";
import { readService, type Service } from "../../../../lib/compute/providers.ts";
import { unprovedAnswer, type Receipt } from "../../../../lib/compute/receipt.ts";
import { verifyReceipt } from "../../../../lib/compute/receipt-check.ts";
import {
  editRequest,
  embeddingRequest,
  imageRequest,
  transcriptionRequest,
  type ServiceRequest,
} from "../../../../lib/compute/service-request.ts";
import type { NewProvider } from "../../../../lib/galileo/galileo.ts";
import type { LocalProvider, ServiceOffer } from "../../../../lib/galileo/provider/local-provider.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../../compute/support/galileo.ts";
import { tone } from "./tone.ts";

export { ZG } from "../../compute/support/galileo.ts";

export interface Shop {
  readonly provider: LocalProvider;
  readonly service: Service;
  readonly user: TestUser;
  /** Asks as the shop's customer. */
  ask(request: ServiceRequest, http?: HttpDeps, onText?: (text: string) => void): Promise<ServiceResult>;
  asJob(request: ServiceRequest, onStatus?: (status: string) => void): Promise<ServiceResult>;
  /** Proves an answer and checks its receipt against the chain. */
  prove(result: ServiceResult): Promise<{ receipt: Receipt; status: string; mintable: boolean; failed?: string }>;
}

export interface Market {
  readonly world: TestGalileo;
  open(type: ServiceOffer["serviceType"], more?: Partial<ServiceOffer>, options?: Partial<NewProvider>): Promise<Shop>;
  close(): Promise<void>;
}

export async function openMarket(): Promise<Market> {
  const world = await bootGalileo();
  return {
    world,
    close: async () => world.close(),
    open: async (type, more, options) => open(world, type, more, options),
  };
}

const PRICES = { inputPrice: 7_000_000_001n, outputPrice: 3_000_000_000_000_001n };

async function open(
  world: TestGalileo,
  serviceType: ServiceOffer["serviceType"],
  more: Partial<ServiceOffer> = {},
  options: Partial<NewProvider> = {},
): Promise<Shop> {
  const model = `test/${serviceType}`;
  const offer = { ...PRICES, model, title: "For tests", serviceType, ...more };
  const provider = await world.galileo.registerProvider({ ...options, service: offer });
  const service = await readService(world.read, provider.address);
  const user = await world.customer(provider.address, 3n * ZG);
  const { session } = user;
  return {
    provider,
    service,
    user,
    ask: async (request, http = {}, onText) =>
      ask({ ...http, session }, { service, request, ...(onText === undefined ? {} : { onText }) }),
    asJob: async (request, onStatus) =>
      askAsJob(
        { session, sleep: async () => Promise.resolve() },
        {
          service,
          request,
          ...(onStatus === undefined
            ? {}
            : {
                onStatus: ({ status }: { status: string }) => {
                  onStatus(status);
                },
              }),
        },
      ),
    prove: async (result) => {
      const images = await namedImages({}, service, result.images);
      const answer = unprovedAnswer({
        ...{ network: world.read.network, genesisHash: await genesisHash(world.read.provider), service, result },
        ...(images === undefined ? {} : { images }),
      });
      const { receipt, verification } = await proveAnswer({}, service, answer);
      const { status } = await verifyReceipt(world.read, receipt);
      const failed = verification.status === "rejected" ? { failed: verification.failed } : {};
      return { receipt, status, mintable: verification.mintable, ...failed };
    },
  };
}

/** Requests as a customer makes them, one of each kind. */
export const REQUESTS = {
  image: (model: string, more: object = {}) =>
    imageRequest({ model, prompt: "A lighthouse", size: "16x8", random: randomBytes, ...more }),
  edit: (model: string, image: Uint8Array, more: object = {}) =>
    editRequest({
      ...{ model, prompt: "Make it night", random: randomBytes },
      image: { fileName: "a.png", contentType: "image/png", bytes: image },
      ...more,
    }),
  transcription: (model: string, more: object = {}) =>
    transcriptionRequest({
      ...{ model, random: randomBytes },
      audio: { fileName: "a.wav", contentType: "audio/wav", bytes: tone(1.5) },
      ...more,
    }),
  embedding: (model: string, more: object = {}) =>
    embeddingRequest({ model, input: ["hello world", "hello you"], random: randomBytes, ...more }),
} as const;
