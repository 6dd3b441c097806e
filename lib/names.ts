/** Names of files that come from others, or go to them: good on every system, and inside the folder they are put in. */

/** What Windows forbids in a name, control characters, and halves of characters; `/` separates segments. */
const FORBIDDEN = /[\\:*?"<>|\p{Cc}\p{Cs}]/u;
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const LONGEST_NAME = 1024;
const LONGEST_SEGMENT = 255;

/** Why a relative path cannot be a file's name everywhere; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (Buffer.byteLength(name) > LONGEST_NAME) return `is longer than ${LONGEST_NAME} bytes`;
  if (FORBIDDEN.test(name)) return "has a character that not every system allows";
  for (const segment of name.split("/")) {
    if (segment === "") return "has an empty part, or is no relative path";
    if (segment === "." || segment === "..") return "leads elsewhere";
    if (Buffer.byteLength(segment) > LONGEST_SEGMENT) return `has a part longer than ${LONGEST_SEGMENT} bytes`;
    if (/[. ]$/.test(segment)) return "has a part that ends with a dot or a space";
    if (RESERVED.test(segment)) return "has a part that is a device on Windows";
  }
  return undefined;
}

/** Two names are one file on some systems: where case does not count, or Unicode is normalised. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/** The first name that cannot stand beside an earlier one: the same file, or one is a folder of the other. */
export function conflictingName(names: readonly string[]): string | undefined {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const name of names) {
    const segments = folded(name).split("/");
    const parents = segments.map((_, depth) => segments.slice(0, depth).join("/")).slice(1);
    const file = segments.join("/");
    if (files.has(file) || folders.has(file) || parents.some((parent) => files.has(parent))) return name;
    files.add(file);
    for (const parent of parents) folders.add(parent);
  }
  return undefined;
}
