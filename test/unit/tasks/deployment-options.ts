import { expect } from "chai";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { UsageError } from "../../../lib/errors.ts";
import { WellKnownAttestorError } from "../../../lib/inft/errors.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { parseDeploymentOptions, type DeploymentArguments } from "../../../tasks/support/deployment-options.ts";

const ADDRESS = "0x00000000000000000000000000000000DeaDBeef";
const NOTHING_SAID: DeploymentArguments = {
  ...{ name: "N", symbol: "S", yes: false, dryRun: false, maxSpend: undefined, allowDevelopmentAttestor: false },
  ...{ verifier: undefined, attestor: undefined, attestors: undefined, threshold: undefined },
  ...{ rotationDelay: undefined, royalty: undefined, royaltyReceiver: undefined },
};
const parse = (said: Partial<DeploymentArguments>, network: "default" | "galileo" = "default") =>
  parseDeploymentOptions({ ...NOTHING_SAID, ...said }, networkNamed(network));

describe("the options of inft deploy", () => {
  it("leave everything to the network when nothing is said", () => {
    expect(parse({})).to.deep.equal({
      ...{ inft: { name: "N", symbol: "S" }, urls: [], addresses: [], allowDevelopment: false },
    });
  });

  it("name attestors by address or by where they serve, a threshold, a delay and a royalty", () => {
    const said = parse({
      ...{ attestor: "https://a.example, https://b.example", attestors: ADDRESS.toLowerCase(), threshold: "3" },
      ...{ rotationDelay: "36h", royalty: "2.5", royaltyReceiver: ADDRESS },
    });
    expect(said).to.deep.equal({
      inft: { name: "N", symbol: "S", royalty: { receiver: ADDRESS, basisPoints: 250n } },
      threshold: 3n,
      rotationDelay: 129_600n,
      urls: ["https://a.example", "https://b.example"],
      addresses: [ADDRESS],
      allowDevelopment: false,
    });
    expect(parse({ verifier: ADDRESS })).to.have.property("verifier", ADDRESS);
  });

  const REFUSED: readonly (readonly [what: string, said: Partial<DeploymentArguments>, message: string])[] = [
    ["a verifier that stands and a threshold", { verifier: ADDRESS, threshold: "2" }, "--threshold"],
    ["a verifier that stands and attestors", { verifier: ADDRESS, attestors: ADDRESS, attestor: "x" }, "are for a new"],
    ["a royalty for nobody", { royalty: "5" }, "belong together"],
    ["a receiver of nothing", { royaltyReceiver: ADDRESS }, "belong together"],
    ["a royalty above the price", { royalty: "100.01", royaltyReceiver: ADDRESS }, "between 0 and 100"],
    ["a royalty in thousandths", { royalty: "1.234", royaltyReceiver: ADDRESS }, "between 0 and 100"],
    ["a threshold of nobody", { threshold: "0" }, "--threshold"],
    ["a delay that is none", { rotationDelay: "2 days" }, "--rotation-delay"],
    ["an attestor that is no address", { attestors: "0x12" }, "attestor"],
  ];
  for (const [what, said, message] of REFUSED) {
    it(`refuse ${what}`, () => {
      expect(() => parse(said)).to.throw(UsageError, message);
    });
  }

  it("refuse a published key on a live network before the network is opened", () => {
    const { address } = developmentAccount(3);
    expect(() => parse({ attestors: address }, "galileo")).to.throw(WellKnownAttestorError, address);
    expect(parse({ attestors: address }).addresses).to.deep.equal([address]);
  });
});
