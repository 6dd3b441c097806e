/** How many requests are under way at a time: fewer when the provider says that it is too much, more again when it copes. */
export class Slots {
  readonly #most: number;
  #allowed: number;
  #used = 0;
  #served = 0;
  #restUntil = 0;
  readonly #queue: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#allowed = most;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /** Waits for a free one. */
  async enter(): Promise<void> {
    if (this.#used >= this.#allowed) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
      });
    } else {
      this.#used += 1;
    }
    for (let rest = this.#restUntil - Date.now(); rest > 0; rest = this.#restUntil - Date.now()) {
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  leave(): void {
    if (this.#used > this.#allowed || this.#queue.length === 0) this.#used -= 1;
    else this.#queue.shift()?.();
  }

  /** The provider served: after as many in a row as are allowed, one more is. */
  served(): void {
    this.#served += 1;
    if (this.#served < this.#allowed || this.#allowed >= this.#most) return;
    this.#served = 0;
    this.#allowed += 1;
    if (this.#queue.length > 0 && this.#used < this.#allowed) {
      this.#used += 1;
      this.#queue.shift()?.();
    }
  }

  /** It was too much: a quarter fewer, and none at all for so many milliseconds. */
  tooMany(restMs: number): void {
    this.#served = 0;
    this.#allowed = Math.max(1, Math.floor(this.#allowed * 0.75));
    this.#restUntil = Math.max(this.#restUntil, Date.now() + restMs);
  }
}
