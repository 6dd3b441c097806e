import type { Trial } from "./trials.ts";

/** The kill points of `npm test`: one of each kind, where most is at stake; `npm run chaos` takes all there are. */
export const ONE_OF_EACH_KIND: Readonly<Record<Trial["name"], readonly string[]>> = {
  run: [
    "journal:signed(transfer):before",
    "journal:signed(mint):torn",
    "journal:signed(deposit):after",
    "broadcast(mint):before",
    "broadcast(deposit):after",
    "broadcast(mint):after",
    "file:INFT:before",
    "file:receipts:after",
    "inference:before",
    "inference:after",
    "journal:received:after",
    "signature:before",
    "signature:after",
    "upload:before",
    "upload~2:after",
  ],
  batch: ["broadcast(mint):after"],
};
