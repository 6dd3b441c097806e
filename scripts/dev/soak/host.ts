/** The world of a soak in a process of its own, so that what it remembers does not count as the client's memory. */

import { openSoakWorld, type SoakWorld } from "./world.ts";

interface Call {
  readonly id: number;
  readonly method: keyof SoakWorld;
  readonly argument: never;
}

const world = await openSoakWorld();
process.on("message", ({ id, method, argument }: Call) => {
  void world[method](argument).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.once("disconnect", () => process.exit(0));
process.send?.({ id: 0 });
