/** One receiver's hold on one message. */
export interface Lock {
  /** 16 bytes: the lock token. */
  readonly token: Buffer;
  readonly sequenceNumber: number;
  /** Milliseconds since 1970. */
  readonly lockedUntil: number;
}

/** The locks of a queue. They live in memory only: after a restart every message can be received again. */
export class Locks {
  /** In order of expiry, since all last equally long and a renewed one moves to the end. */
  readonly #byToken = new Map<string, Lock>();
  readonly #locked = new Set<number>();
  readonly #duration: number;
  readonly #newToken: () => Buffer;

  /** @param duration milliseconds */
  constructor(duration: number, newToken: () => Buffer) {
    this.#duration = duration;
    this.#newToken = newToken;
  }

  take(sequenceNumber: number, now: number): Lock {
    const lock = { token: this.#newToken(), sequenceNumber, lockedUntil: now + this.#duration };
    this.#byToken.set(lock.token.toString('hex'), lock);
    this.#locked.add(sequenceNumber);
    return lock;
  }

  /** The message that the lock is on, or undefined if the lock is lost. */
  find(token: Buffer, now: number): number | undefined {
    const lock = this.#byToken.get(token.toString('hex'));
    return lock === undefined || lock.lockedUntil <= now ? undefined : lock.sequenceNumber;
  }

  isLocked(sequenceNumber: number): boolean {
    return this.#locked.has(sequenceNumber);
  }

  /** The new end of the lock, or undefined if it is lost. */
  renew(token: Buffer, now: number): number | undefined {
    const key = token.toString('hex');
    const lock = this.#byToken.get(key);
    if (lock === undefined || lock.lockedUntil <= now) return undefined;
    const lockedUntil = now + this.#duration;
    this.#byToken.delete(key);
    this.#byToken.set(key, { ...lock, lockedUntil });
    return lockedUntil;
  }

  release(token: Buffer): void {
    const key = token.toString('hex');
    const lock = this.#byToken.get(key);
    if (lock !== undefined) this.#forget(key, lock);
  }

  /** Ends the locks whose time is over and yields their messages. */
  *releaseExpired(now: number): Generator<number> {
    for (const [key, lock] of this.#byToken) {
      if (lock.lockedUntil > now) return;
      this.#forget(key, lock);
      yield lock.sequenceNumber;
    }
  }

  #forget(key: string, lock: Lock): void {
    this.#byToken.delete(key);
    this.#locked.delete(lock.sequenceNumber);
  }
}
