import type { Galileo } from "./galileo.ts";

declare module "hardhat/types/network" {
  // The parameter must be declared as Hardhat declares it, though nothing here uses it.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-redundant-type-constituents
  interface NetworkConnection<ChainTypeT extends ChainType | string = DefaultChainType> {
    /** The embedded Galileo of this connection. Throws {@link GalileoUnavailableError} on networks over HTTP. */
    readonly galileo: Galileo;
  }
}
