import { AdpError } from '../../errors.ts';
import type { Progress, Run, RunId } from '../../model/run.ts';
import type { StoredRun } from '../runStore.ts';
import { failRun, type NewRun, openRun, type RunDeps, type SealedWork, sealRun } from '../runWork.ts';
import { rowsRefused } from './plan.ts';

/** How often the run says how far it is. */
const everyMs = 2_000;

/** A run that takes long: opened once, worked on by one try after another. */
export class DiffRun {
  #stored: StoredRun;
  readonly #deps: RunDeps;
  #progress: Progress = { rows: 0, sent: 0 };
  #savedAt: number;
  #saving: Promise<void> | undefined;

  private constructor(stored: StoredRun, deps: RunDeps) {
    this.#stored = stored;
    this.#deps = deps;
    this.#savedAt = deps.clock();
  }

  /** The run of that id, opened now if it never was. */
  static async open(runId: RunId, heading: NewRun, deps: RunDeps): Promise<DiffRun> {
    const stored = (await deps.runs.get(runId)) ?? (await openRun(heading, deps, runId));
    return new DiffRun(stored, deps);
  }

  get run(): Run {
    return this.#stored.run;
  }

  /** Sealed, superseded or failed for good: nothing is left to do. One that the sweep gave up goes on. */
  get isOver(): boolean {
    const { status, sealed } = this.run;
    return sealed !== undefined || status === 'superseded' || (status !== 'running' && status !== 'failed');
  }

  /** Tells how far it is, now and then, and that it isn't dead. Failing to is no reason to stop. */
  note(progress: Partial<Omit<Progress, 'at'>>): void {
    const now = this.#deps.clock();
    this.#progress = { ...this.#progress, ...progress, at: new Date(now).toISOString() };
    if (this.#saving !== undefined || now - this.#savedAt < everyMs) return;
    this.#savedAt = now;
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  async #save(): Promise<void> {
    try {
      this.#stored = await this.#deps.runs.save(this.#stored, { ...this.run, progress: this.#progress });
    } catch (error) {
      if (!(error instanceof AdpError)) throw error;
    }
  }

  /** Everything was accepted. Twice is harmless. */
  async seal(work: SealedWork, attempt: number): Promise<void> {
    await this.#settle();
    if (this.run.sealed !== undefined) return;
    // The sweep may have given it up, and doesn't look at it any more.
    if (this.run.status !== 'running') await this.#deps.runs.noteOpen(this.run.runId);
    await sealRun(this.#stored, work, this.#deps, attempt);
  }

  async fail(why: unknown): Promise<void> {
    await this.#settle();
    await failRun(this.#stored, this.#deps, why, rowsRefused(why));
  }

  /** A newer snapshot came before this one was begun. */
  async supersede(note: string): Promise<void> {
    await this.#settle();
    const finishedAt = new Date(this.#deps.clock());
    const run: Run = { ...this.run, status: 'superseded', finishedAt, notes: [note] };
    await this.#deps.runs.save(this.#stored, run);
    await this.#deps.runs.close(run.runId);
  }

  /** Nobody else changes the run now, and what is kept of it here is what is there. */
  async #settle(): Promise<void> {
    await this.#saving;
    this.#stored = (await this.#deps.runs.get(this.run.runId)) ?? this.#stored;
    if (this.run.progress === undefined) return;
    const { progress, ...run } = this.run;
    this.#stored = { ...this.#stored, run };
  }
}

/** The run of a snapshot that failed each time, for a reason that nobody foresaw. One that is over stays as it is. */
export async function failDiff(runId: RunId, deps: RunDeps): Promise<void> {
  const stored = await deps.runs.get(runId);
  if (stored === undefined || stored.run.sealed !== undefined || stored.run.status !== 'running') return;
  const why = 'The snapshot could not be compared, however often that was tried; the log has why.';
  await failRun(stored, deps, new AdpError('INTERNAL', why));
}
