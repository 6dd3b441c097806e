/** The models of a gateway, in the shape of OpenAI's list. */

import { REQUEST_KINDS, type RequestKind } from "../protocol/services.ts";
import type { Fleet, Member } from "./fleet.ts";

interface ModelEntry {
  readonly id: string;
  readonly object: "model";
  /** Unix seconds, of the latest registration. */
  readonly created: number;
  readonly owned_by: string;
  /** As registered on chain, such as `chatbot`. */
  readonly type: string;
  readonly endpoint: string;
  /** Who serves it, with prices in neuron. */
  readonly providers: readonly {
    readonly address: string;
    readonly input_price: string;
    readonly output_price: string;
  }[];
}

/** One entry a model, however many providers serve it. */
export function listModels(fleet: Fleet): { readonly object: "list"; readonly data: readonly ModelEntry[] } {
  const models = new Set(fleet.members.map(({ service }) => service.model));
  return { object: "list", data: [...models].flatMap((model) => modelEntry(fleet, model) ?? []) };
}

/** The entry of one model; undefined when nobody serves it. */
export function modelEntry(fleet: Fleet, model: string): ModelEntry | undefined {
  const serving = fleet.members.filter(({ service }) => service.model === model);
  const [first] = serving;
  if (first === undefined) return undefined;
  const kinds = Object.keys(REQUEST_KINDS) as RequestKind[];
  const kind = kinds.find((candidate) => REQUEST_KINDS[candidate].serviceType === first.service.serviceType);
  return {
    id: model,
    object: "model",
    created: Number(latest(serving)),
    owned_by: "0g",
    type: first.service.serviceType,
    endpoint: kind === undefined ? "" : `/v1${REQUEST_KINDS[kind].path}`,
    providers: serving.map(({ service }) => ({
      address: service.provider,
      input_price: service.inputPrice.toString(),
      output_price: service.outputPrice.toString(),
    })),
  };
}

function latest(members: readonly Member[]): bigint {
  return members.reduce((newest, { service }) => (service.updatedAt > newest ? service.updatedAt : newest), 0n);
}
