import type { Database } from './database.ts';

interface Waiting {
  /** Runs inside the transaction. Never throws. */
  readonly run: () => void;
  /** Called after the commit, or with the error that undid the transaction. */
  readonly settle: (failure?: unknown) => void;
}

/**
 * Group commit: writes that arrive in one turn of the event loop share one transaction, and so one wait for the disk.
 * Nobody is answered before the commit.
 */
export class Commits {
  readonly #database: Database;
  #waiting: Waiting[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Runs `work` in the next transaction, in order of submission. If it throws, what it wrote is undone and the error is
   * handed on; the others of its group are untouched. Resolves once the result is on disk.
   */
  submit<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let outcome: () => void = () => reject(new Error('The write was never run.'));
      const run = () => {
        this.#database.run('SAVEPOINT work');
        try {
          const result = work();
          outcome = () => resolve(result);
        } catch (error) {
          this.#database.run('ROLLBACK TO work');
          outcome = () => reject(error);
        }
        this.#database.run('RELEASE work');
      };
      const settle = (failure?: unknown) => (failure === undefined ? outcome() : reject(failure));
      if (this.#waiting.length === 0) setImmediate(() => this.#commit());
      this.#waiting.push({ run, settle });
    });
  }

  #commit(): void {
    const group = this.#waiting;
    this.#waiting = [];
    let failure: unknown;
    try {
      this.#database.run('BEGIN IMMEDIATE');
      for (const work of group) work.run();
      this.#database.run('COMMIT');
    } catch (error) {
      failure = error;
      this.#rollback();
    }
    for (const work of group) work.settle(failure);
  }

  #rollback(): void {
    try {
      this.#database.run('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself, as it does when the disk is full.
    }
  }
}
