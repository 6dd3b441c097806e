/** The audit log of a run, as its journal tells it. Worked out anew each time: the same facts are the same bytes. */

import { canonicalJson } from "../protocol/canonical-json.ts";
import type { Receipt } from "../compute/receipt.ts";
import { auditHash, writeAuditLog, type AuditEntry } from "../inft/audit-log.ts";
import type { Address, Hex } from "../hex.ts";
import { currentFacts, lastFact, type Fact, type FactOf, type Journal } from "./journal.ts";

interface RunIdentity {
  readonly chainId: number;
  readonly genesisHash: Hex;
  readonly owner: Address;
}

/** What is stored for a run: the token's data, the log when the answer had come, the log as it ended. */
export type StoredWhat = FactOf<"stored">["what"];

/** What was stored last of a kind. */
export function storedFact(journal: Pick<Journal, "facts">, what: StoredWhat): FactOf<"stored"> | undefined {
  return currentFacts(journal).findLast(
    (fact): fact is FactOf<"stored"> => fact.type === "stored" && fact.what === what,
  );
}

/** The log up to the answer of `receipt`: what the receipt names by its storage root. */
export function completionLog(run: RunIdentity, journal: Journal, receipt: Receipt): Uint8Array {
  return writeAuditLog(run, [...requests(journal.facts), completed(receipt)]);
}

/** The log as it ends. Undefined until the run has reported. */
export function finalLog(run: RunIdentity, journal: Journal): Uint8Array | undefined {
  const receipt = lastFact(journal, "answered")?.receipt;
  const [sealed, reported] = [lastFact(journal, "sealed"), lastFact(journal, "reported")];
  if (receipt === undefined || sealed === undefined || reported === undefined) return undefined;
  const { tokenId, transaction, time } = reported;
  const data = storedFact(journal, "data");
  const stored: AuditEntry[] =
    data === undefined
      ? []
      : [{ event: "stored", root: data.root, size: data.size, txSeq: data.txSeq, ...transactionOf(data) }];
  return writeAuditLog(run, [
    ...requests(journal.facts),
    completed(receipt),
    ...stored,
    { event: "minted", inft: sealed.inft, tokenId, transaction },
    { event: "reported", time, receiptHash: auditHash(canonicalJson(receipt)) },
  ]);
}

function transactionOf({ hash }: FactOf<"stored">): { transaction?: Hex } {
  return hash === undefined ? {} : { transaction: hash };
}

/** Every request up to the one that was answered, and what was turned down of them. */
function requests(facts: readonly Fact[]): AuditEntry[] {
  return facts.flatMap((fact): AuditEntry[] => {
    if (fact.type === "refused") return [{ event: "refused", provider: fact.provider }];
    if (fact.type !== "asked") return [];
    const { provider, request, time } = fact;
    const requestHash = auditHash(Buffer.from(request, "base64"));
    return [{ event: "submitted", provider, requestHash, ...(time === undefined ? {} : { time }) }];
  });
}

function completed({ finishedAt, response, service, signature }: Receipt): AuditEntry {
  return {
    event: "completed",
    time: finishedAt,
    provider: service.provider,
    responseHash: auditHash(Buffer.from(response, "base64")),
    signer: service.teeSignerAddress,
    signatureHash: auditHash(Buffer.from(signature.signature.replace(/^0x/, ""), "hex")),
  };
}
