/** The message ids of the last minutes, of queues with duplicate detection. */
export class DuplicateHistory {
  /** Message id → when it was first seen (milliseconds since 1970), oldest first. */
  readonly #seen = new Map<string, number>();
  readonly #window: number;

  /** @param window milliseconds that an id is remembered for */
  constructor(window: number) {
    this.#window = window;
  }

  has(messageId: string, now: number): boolean {
    const at = this.#seen.get(messageId);
    return at !== undefined && at > now - this.#window;
  }

  remember(messageId: string, at: number): void {
    this.#seen.delete(messageId);
    this.#seen.set(messageId, at);
  }

  forgetOld(now: number): void {
    for (const [messageId, at] of this.#seen) {
      if (at > now - this.#window) return;
      this.#seen.delete(messageId);
    }
  }

  entries(): IterableIterator<[messageId: string, at: number]> {
    return this.#seen.entries();
  }
}
