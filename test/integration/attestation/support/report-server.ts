/** A provider that serves attestation reports, and a service of Intel's that serves collateral, on loopback. */

import type { Collateral } from "../../../../lib/attestation/collateral.ts";
import { httpFake } from "../../../unit/compute/support/http-fake.ts";

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** By path, without the query. A function gets the query. Nothing is 404; `hang` never answers. */
export type Routes = Readonly<Record<string, Answer | ((query: URLSearchParams) => Answer) | "hang">>;

export interface ReportServer {
  readonly url: string;
  /** Paths with queries, as they came. */
  readonly requests: () => readonly string[];
  routes: Routes;
  close(): Promise<void>;
}

export async function serveReports(routes: Routes = {}): Promise<ReportServer> {
  const fake = await httpFake();
  const served: ReportServer = {
    url: fake.url,
    requests: () => fake.asked.map(({ path }) => path),
    routes,
    close: async () => fake.close(),
  };
  fake.answer = ({ path }, response) => {
    const { pathname, searchParams } = new URL(path, fake.url);
    const route = served.routes[pathname] ?? { status: 404, body: '{"error":"not found"}' };
    if (route === "hang") return;
    const { status = 200, headers = {}, body = "" } = typeof route === "function" ? route(searchParams) : route;
    response.writeHead(status, headers).end(body);
  };
  return served;
}

const API = "certification/v4";

/** The four answers of Intel's service, or of a cache of it. */
export function collateralRoutes(made: Collateral): Routes {
  const signed = (name: string, text: string, signature: Uint8Array) =>
    `{"${name}":${text},"signature":"${Buffer.from(signature).toString("hex")}"}`;
  return {
    [`/tdx/${API}/tcb`]: {
      headers: { "TCB-Info-Issuer-Chain": encodeURIComponent(made.tcb_info_issuer_chain) },
      body: signed("tcbInfo", made.tcb_info, made.tcb_info_signature),
    },
    [`/tdx/${API}/qe/identity`]: {
      headers: { "SGX-Enclave-Identity-Issuer-Chain": encodeURIComponent(made.qe_identity_issuer_chain) },
      body: signed("enclaveIdentity", made.qe_identity, made.qe_identity_signature),
    },
    [`/sgx/${API}/pckcrl`]: {
      headers: { "SGX-PCK-CRL-Issuer-Chain": encodeURIComponent(made.pck_crl_issuer_chain) },
      body: made.pck_crl,
    },
    [`/sgx/${API}/rootcacrl`]: { body: Buffer.from(made.root_ca_crl).toString("hex") },
  };
}
