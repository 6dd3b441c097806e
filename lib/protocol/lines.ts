/** Cuts text that comes in pieces into lines, in time that grows with the text and not with its square. */
export class LineCutter {
  readonly #ends: RegExp;
  /** A carriage return at the very end may be the first half of CRLF: it waits for the next piece. */
  readonly #waits: boolean;
  /** What has no end yet. A line may be all there is: its pieces are not looked at again before its end comes. */
  #pieces: string[] = [];

  /** @param ends what ends a line, without the global flag. */
  constructor(ends: RegExp) {
    this.#ends = ends;
    this.#waits = ends.test("\r");
  }

  /** Takes the next piece and returns the lines it completes, without their ends. */
  push(piece: string): string[] {
    const held = this.#waits && this.#pieces.at(-1)?.endsWith("\r") === true;
    if (piece !== "") this.#pieces.push(piece);
    if (!held && !this.#ends.test(piece)) return [];
    const text = this.#pieces.join("");
    const ready = this.#waits && text.endsWith("\r") ? text.slice(0, -1) : text;
    return this.#cut(ready, text.slice(ready.length));
  }

  /** Returns the lines that are left; the last one is what never had an end, if anything was. */
  end(): string[] {
    const lines = this.#cut(this.#pieces.join(""), "");
    const [rest] = this.#pieces.splice(0);
    return rest === undefined ? lines : [...lines, rest];
  }

  #cut(text: string, waiting: string): string[] {
    const lines = text.split(this.#ends);
    const rest = (lines.pop() ?? "") + waiting;
    this.#pieces = rest === "" ? [] : [rest];
    return lines;
  }
}
