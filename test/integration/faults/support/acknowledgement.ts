import { INTERFACES } from "../../../../lib/chain/contracts.ts";
import { retrieve } from "../../../../lib/compute/ledger.ts";
import type { Address } from "../../../../lib/hex.ts";
import type { FaultUser, FaultWorld } from "./world.ts";

/** Takes a user's acknowledgement of the provider's signer back, which no command does. */
export async function revokeAcknowledgement(world: FaultWorld, { ctx }: FaultUser): Promise<void> {
  const to: Address = world.truth.network.contracts.inferenceServing;
  const data = INTERFACES.inferenceServing().encodeFunctionData("acknowledgeTEESigner", [
    world.provider.address,
    false,
  ]);
  const sent = await ctx.signer.sendTransaction({ to, data });
  await sent.wait();
}

/** Takes all of it back: with something in it, no acknowledgement can be taken back. */
export async function emptySubAccount(world: FaultWorld, { ctx }: FaultUser): Promise<void> {
  await retrieve(ctx);
  await world.galileo.passLock();
  await retrieve(ctx);
}
