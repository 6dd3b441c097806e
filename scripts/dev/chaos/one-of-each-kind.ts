/** The kill points of `npm test`: one of each kind, where most is at stake; `npm run chaos` takes all there are. */
export const ONE_OF_EACH_KIND: readonly string[] = [
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
];
