/** Collateral for a test machine, signed below its root. */

import type { Collateral } from "../../../../lib/attestation/collateral.ts";
import { FMSPC, INTEL_QE_MRSIGNER, SERIALS, type TestMachine } from "./machine.ts";
import { certify, DAY, NOW, pem, rawSignature, revocationList, type Holder } from "./pki.ts";

export interface CollateralOptions {
  readonly signer?: Holder;
  readonly tcbStatus?: string;
  readonly advisories?: readonly string[];
  readonly fmspc?: string;
  /** Members of the TCB info. */
  readonly tcb?: Readonly<Record<string, unknown>>;
  /** What each TDX component of a level must reach. */
  readonly components?: number;
  /** Days from now. */
  readonly issued?: number;
  readonly until?: number;
  readonly qe?: Readonly<Record<string, unknown>>;
  readonly revokedMachines?: readonly number[];
  readonly revokedAuthorities?: readonly number[];
  readonly members?: Partial<Collateral>;
}

const INTEL_MODULE = { mrsigner: "00".repeat(48), attributes: "00".repeat(8), attributesMask: "FF".repeat(8) };

const date = (days: number): string => new Date(NOW.getTime() + days * DAY).toISOString();

export function makeCollateral(machine: TestMachine, options: CollateralOptions = {}): Collateral {
  const { root, platform } = machine;
  const { issued = -1, until = 20, tcbStatus = "UpToDate", advisories = [], fmspc = FMSPC } = options;
  const signer = options.signer ?? certify({ name: "Intel SGX TCB Signing", issuer: root, serial: SERIALS.signer });
  const dates = { issueDate: date(issued), nextUpdate: date(until) };
  const components = (svn: number) => Array.from({ length: 16 }, () => ({ svn }));
  const tcbInfo = JSON.stringify({
    id: "TDX",
    version: 3,
    ...dates,
    fmspc: fmspc.toUpperCase(),
    pceId: "0000",
    tcbType: 0,
    tcbEvaluationDataNumber: 20,
    tdxModule: INTEL_MODULE,
    tdxModuleIdentities: [
      {
        id: "TDX_05",
        ...INTEL_MODULE,
        tcbLevels: [
          { tcb: { isvsvn: 5 }, tcbDate: date(-200), tcbStatus: "UpToDate" },
          { tcb: { isvsvn: 3 }, tcbDate: date(-900), tcbStatus: "OutOfDate" },
        ],
      },
    ],
    tcbLevels: [
      {
        tcb: { sgxtcbcomponents: components(1), pcesvn: 11, tdxtcbcomponents: components(options.components ?? 5) },
        tcbDate: date(-200),
        tcbStatus,
        advisoryIDs: advisories,
      },
    ],
    ...options.tcb,
  });
  const qeIdentity = JSON.stringify({
    id: "TD_QE",
    version: 2,
    ...dates,
    tcbEvaluationDataNumber: 20,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: INTEL_QE_MRSIGNER.toUpperCase(),
    isvprodid: 2,
    tcbLevels: [
      { tcb: { isvsvn: 4 }, tcbDate: date(-200), tcbStatus: "UpToDate", advisoryIDs: [] },
      { tcb: { isvsvn: 2 }, tcbDate: date(-900), tcbStatus: "OutOfDate", advisoryIDs: [] },
    ],
    ...options.qe,
  });
  const issuerChain = pem(signer.der, root.der);
  return {
    pck_crl: revocationList({ issuer: platform, revoked: options.revokedMachines ?? [] }),
    root_ca_crl: revocationList({ issuer: root, revoked: options.revokedAuthorities ?? [] }),
    pck_crl_issuer_chain: pem(platform.der, root.der),
    tcb_info: tcbInfo,
    tcb_info_signature: rawSignature(Buffer.from(tcbInfo), signer.keys),
    tcb_info_issuer_chain: issuerChain,
    qe_identity: qeIdentity,
    qe_identity_signature: rawSignature(Buffer.from(qeIdentity), signer.keys),
    qe_identity_issuer_chain: issuerChain,
    ...options.members,
  };
}
