import type { Address } from "../../hex.ts";
import type { ServiceOffer } from "./options.ts";
import { RESPONDER_CARD } from "./responder.ts";

/** The body of `/v1/models`. Prices are neuron per token, as decimal text. */
export function modelList(options: {
  readonly service: ServiceOffer;
  readonly provider: Address;
  readonly prices: { readonly inputPrice: bigint; readonly outputPrice: bigint };
  readonly forwards: boolean;
  readonly created: number;
}): unknown {
  const { service, provider, prices, forwards, created } = options;
  const description = forwards
    ? `${service.title}. A local provider for development forwards to an upstream; it runs in no TEE.`
    : `${service.title}. ${RESPONDER_CARD}`;
  const model = {
    id: service.model,
    object: "model",
    created,
    owned_by: provider,
    name: service.title,
    description,
    type: service.serviceType,
    supported_parameters: ["max_tokens", "max_completion_tokens", "stream", "stream_options"],
    pricing: { prompt: prices.inputPrice.toString(), completion: prices.outputPrice.toString() },
    verifiability: "TeeML",
    tee_attested: false,
  };
  return { object: "list", data: [model] };
}
