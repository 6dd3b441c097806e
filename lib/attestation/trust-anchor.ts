/** Whom hardware evidence is believed to come from. Arguments of the library, so that tests make their own; no option sets them. */

export interface TrustAnchor {
  /** For people: `Intel SGX Root CA`. */
  readonly name: string;
  /** SHA-256 of the root's DER, lower-case hexadecimal. */
  readonly sha256: string;
}

/** Source: the certificate at https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.cer */
export const INTEL_SGX_ROOT: TrustAnchor = {
  name: "Intel SGX Root CA",
  sha256: "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
};

/** Source: the certificate in NVIDIA/nvtrust, verifier_device_root.pem; NVIDIA publishes the fingerprint at docs.ndis.nvidia.com. */
export const NVIDIA_DEVICE_ROOT: TrustAnchor = {
  name: "NVIDIA Device Identity CA",
  sha256: "102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48",
};
