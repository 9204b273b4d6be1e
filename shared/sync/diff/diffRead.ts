import { AdpError, isRetryable } from '../../errors.ts';
import type { EntityName } from '../../model/entities.ts';
import type { IngestDeps, Ingestion } from '../ingest.ts';
import type { RunDeps, SealedWork } from '../runWork.ts';
import {
  type BaselineKey,
  type BaselineLease,
  type BaselineState,
  type Baselines,
  type LastSweep,
  newestOf,
  type PendingPlan,
} from './baselines.ts';
import type { DiffMessage } from './diffMessage.ts';
import { DiffRun } from './diffRun.ts';
import { type DoubtDeps, doubtOf, mustWait } from './doubts.ts';
import { type DropOriginDeps, dropOrigin } from './dropOrigin.ts';
import { HeldIndex, type HeldRecords } from './heldRecords.ts';
import type { Origin, PlanTask } from './origin.ts';
import { type Contested, type Plan, planBlobs } from './plan.ts';
import type { Against } from './planDiff.ts';
import { type ReadOriginDeps, readOrigin } from './readOrigin.ts';
import { quarantineRejected, sendPlan } from './sendPlan.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';

export interface DiffDeps extends RunDeps, DoubtDeps, IngestDeps, DropOriginDeps, ReadOriginDeps {
  readonly runs: RunDeps['runs'] & DoubtDeps['runs'];
  readonly baselines: Baselines;
  readonly blobs: SnapshotBlobs;
  readonly records: HeldRecords;
  /** As it is now, uncached. */
  readonly epochOf: (dealerId: string, entity: EntityName) => Promise<number>;
}

/** Sending goes on for so long: then the message comes again, and goes on where this one stopped. */
const workMs = 6 * 60_000;
/** Until what was under way before is looked at again. */
const waitMs = 2_000;

/**
 * Brings a dealer's records to what a complete read says: a full snapshot, or a polled source that was read to its end.
 * Two phases: a *plan* is made, in blobs, of all that has to be sent; then it is sent, window by window, and the baseline
 * switched once the queue has accepted the last one.
 *
 * Whatever dies in between, the message comes back and goes on: before the plan is noted in the baseline's row nothing
 * was sent, and it is made again; after that the same plan is sent, from the last window that was noted; after the
 * switch the run is sealed with what the row says. Nothing of it depends on a lock: a plan is noted, and a baseline
 * switched, only under the row's ETag.
 *
 * @returns milliseconds after which the message should come again: another diff of the same source and entity is under
 * way, or something that began before isn't applied yet, or there was too much to send in one go; undefined when done
 * @throws AdpError with `retry` where the same message should come again; a read that can't be taken fails its run
 */
export async function diffRead(message: DiffMessage, deps: DiffDeps): Promise<{ retryAfterMs: number } | undefined> {
  const { dealer_id: dealerId, entity, source_id: sourceId, run_id: runId } = message;
  const origin = 'drop' in message ? dropOrigin(message, deps) : readOrigin(message, deps);
  const run = await DiffRun.open(runId, { dealerId, entity, sourceId, ...origin.heading }, deps);
  if (!run.isOver) {
    const later = await work(message, origin, run, deps);
    if (later !== undefined) return later;
  }
  await origin.leave();
  return undefined;
}

async function work(message: DiffMessage, origin: Origin, run: DiffRun, deps: DiffDeps) {
  const { dealer_id: dealerId, entity, source_id: sourceId, run_id: runId } = message;
  const lease = await deps.baselines.take({ dealerId, entity, sourceId }, runId);
  if ('retryAfterMs' in lease) return lease;
  try {
    return await new Diff(message, origin, run, lease, deps).work();
  } catch (error) {
    if (!(error instanceof AdpError) || isRetryable(error)) throw error;
    await run.fail(error);
  } finally {
    await lease.release();
  }
  return undefined;
}

class Diff {
  readonly #message: DiffMessage;
  readonly #origin: Origin;
  readonly #run: DiffRun;
  readonly #lease: BaselineLease;
  readonly #deps: DiffDeps;
  readonly #until: number;

  constructor(message: DiffMessage, origin: Origin, run: DiffRun, lease: BaselineLease, deps: DiffDeps) {
    this.#message = message;
    this.#origin = origin;
    this.#run = run;
    this.#lease = lease;
    this.#deps = deps;
    this.#until = deps.clock() + workMs;
  }

  /** Milliseconds after which the message should come again; undefined where all is done. */
  async work(): Promise<{ retryAfterMs: number } | undefined> {
    const { run_id: runId } = this.#message;
    const { last, sweep, pending } = this.#lease.state;
    const done = [last, sweep].find((read) => read?.runId === runId);
    if (done !== undefined) {
      await this.#run.seal(done.sealed, done.attempt);
      return undefined;
    }
    if (pending?.runId === runId) return await this.#send(pending, await this.#readPlan(pending));
    // It was failed before, and what it read is gone since: that says nothing new.
    if (this.#run.run.status === 'failed' && !(await this.#origin.isThere())) return undefined;
    const newer = this.#overtakenBy(newestOf(this.#lease.state)) ?? (await this.#origin.overtaken());
    if (newer !== undefined) {
      await this.#run.supersede(newer);
      return undefined;
    }
    const { run } = this.#run;
    const arrivedAt = this.#origin.endedAt ?? run.startedAt;
    if (await mustWait(this.#key, run, arrivedAt, this.#deps.clock(), this.#deps)) return { retryAfterMs: waitMs };
    const { plan, pending: made } = await this.#plan();
    return await this.#send(made, plan);
  }

  get #key(): BaselineKey {
    const { dealer_id: dealerId, entity, source_id: sourceId } = this.#message;
    return { dealerId, entity, sourceId };
  }

  /** What the read is called where a run speaks of it. */
  get #what(): string {
    return this.#origin.heading.door === 'file' ? 'snapshot' : 'complete read';
  }

  #overtakenBy(newest: LastSweep | undefined): string | undefined {
    if (newest === undefined || newest.captured < this.#message.captured) return undefined;
    return `The run ${newest.runId} has read a newer snapshot.`;
  }

  async #plan(): Promise<{ plan: Plan; pending: PendingPlan }> {
    const { dealer_id: dealerId, entity, source_id: sourceId, run_id: runId, captured } = this.#message;
    const { state } = this.#lease;
    const epoch = await this.#deps.epochOf(dealerId, entity);
    const comparedAt = this.#deps.clock();
    let doubt = await this.#doubt(epoch);
    let contested: Contested | undefined;
    for (;;) {
      const prefix = `${dealerId}/${entity}/${sourceId ?? ''}/${runId.slice(dealerId.length + 1)}.${this.#deps.random()}`;
      const plan = await this.#planOnce({ epoch, contested }, doubt, prefix);
      if (plan.voided === undefined && plan.contested === undefined) {
        const attempt = (state.plans ?? 0) + 1;
        const pending = { runId, attempt, prefix, epoch, captured, comparedAt, windows: 0, messages: 0 };
        // Another run's plan was only sent in part: what it brought was in this comparison, but not in the last one.
        const isDoubtful = state.isDoubtful || state.pending !== undefined;
        await this.#lease.save({ ...state, plans: attempt, pending, isDoubtful });
        if (state.pending !== undefined) await this.#remove(Object.values(planBlobs(state.pending.prefix)));
        return { plan, pending };
      }
      await this.#remove(Object.values(planBlobs(prefix)));
      contested ??= plan.contested;
      if (plan.voided === undefined) continue;
      doubt = { note: `the last ${this.#what}'s fingerprints are of no use, because ${plan.voided}` };
    }
  }

  /** Why the store has to be asked. Of keys that goes without saying. */
  async #doubt(epoch: number): Promise<{ readonly note?: string } | undefined> {
    if (this.#origin.reads === 'keys') return {};
    const { state } = this.#lease;
    const note = await doubtOf(this.#key, state, this.#message.run_id, epoch, this.#what, this.#deps);
    return note === undefined ? undefined : { note };
  }

  async #planOnce(
    by: Pick<PlanTask, 'epoch' | 'contested'>,
    doubt: { readonly note?: string } | undefined,
    prefix: string,
  ): Promise<Plan> {
    const { captured } = this.#message;
    const { blobs } = this.#deps;
    const baseline = doubt === undefined ? await this.#baseline() : undefined;
    const against = baseline ?? (await this.#store());
    const why = doubt === undefined ? `the last ${this.#what}'s fingerprints are gone` : doubt.note;
    const notes = baseline !== undefined || why === undefined ? [] : [`Compared with all that is held: ${why}.`];
    const onProgress = (progress: { readonly rows?: number; readonly bytes?: number }) => this.#run.note(progress);
    const { seed } = this.#lease.state;
    try {
      return await this.#origin.plan({ ...by, captured, seed, against, notes, onProgress }, prefix, blobs);
    } catch (error) {
      await this.#remove(Object.values(planBlobs(prefix)));
      throw error;
    }
  }

  /** Undefined where it is gone. */
  async #baseline(): Promise<Against | undefined> {
    const { last } = this.#lease.state;
    const [index, keys] = await Promise.all(
      [last?.index ?? '', last?.keys ?? ''].map((name) => this.#deps.blobs.open(name)),
    );
    if (index === undefined || keys === undefined) return undefined;
    return { kind: 'baseline', index, keys };
  }

  async #store(): Promise<Against> {
    const { dealer_id: dealerId, entity, source_id: sourceId, captured: now } = this.#message;
    const held = new HeldIndex(this.#lease.state.seed);
    const again = () => this.#deps.records.fingerprints(dealerId, entity);
    for await (const page of again()) {
      this.#run.note({});
      for (const { id, contentHash, sourceId: owner, captured } of page) {
        held.add(id, contentHash, owner !== sourceId ? 'others' : captured < now ? 'ours' : 'newer');
      }
    }
    return { kind: 'store', held, again };
  }

  async #readPlan({ prefix }: PendingPlan): Promise<Plan> {
    const chunks = await this.#deps.blobs.open(planBlobs(prefix).plan);
    if (chunks === undefined) {
      throw new AdpError('INTERNAL', 'The plan of the run is gone: drop the file again, or trigger the source.');
    }
    // It was written by this program, under a name that was never used before.
    return JSON.parse(Buffer.concat(await Array.fromAsync(chunks)).toString()) as Plan;
  }

  async #send(pending: PendingPlan, plan: Plan): Promise<{ retryAfterMs: number } | undefined> {
    const { runId, attempt, prefix } = pending;
    const { dealer_id, entity, source_id } = this.#message;
    const { blobs } = this.#deps;
    await quarantineRejected(prefix, await this.#ingestion(pending), blobs, this.#deps);
    const heading = { run_id: runId, attempt, dealer_id, entity, source_id };
    const sent = await sendPlan(prefix, plan, heading, pending, blobs, this.#deps, async (now) => {
      const { windows, messages } = now;
      await this.#lease.save({ ...this.#lease.state, pending: { ...pending, windows, messages } });
      this.#run.note({ sent: now.changes });
      return this.#deps.clock() < this.#until;
    });
    if (!sent.isComplete) return { retryAfterMs: 0 };
    const sealed: SealedWork = {
      counts: plan.counts,
      messages: sent.messages,
      errors: plan.errors,
      notes: plan.notes,
      since: new Date(this.#deps.clock()).toISOString(),
      ...(plan.held > 0 ? { held: plan.held } : {}),
      ...(plan.isSuspect ? { isSuspect: true } : {}),
    };
    await this.#switch(pending, sealed, plan.isDoubtful);
    await this.#origin.sent(plan);
    return undefined;
  }

  /** From here on the next read is compared with this one; then the run may say that all is done. */
  async #switch(
    { runId, attempt, prefix, epoch, captured, comparedAt }: PendingPlan,
    sealed: SealedWork,
    isDoubtful: boolean,
  ): Promise<void> {
    const { state } = this.#lease;
    const { index, keys, held, changes, rejected, plan } = planBlobs(prefix);
    const hasHeld = sealed.held !== undefined;
    const read = { runId, attempt, epoch, captured, comparedAt, held: hasHeld ? held : undefined, sealed };
    const { pending, ...rest } = state;
    const isSweep = this.#origin.reads === 'keys';
    const next: BaselineState = isSweep
      ? { ...rest, sweep: read }
      : { ...rest, last: { ...read, index, keys }, isDoubtful };
    await this.#lease.save(next);
    await this.#run.seal(sealed, attempt);
    await this.#remove([changes, rejected, plan, ...(hasHeld ? [] : [held])]);
    const before = isSweep ? [state.sweep?.held] : [state.last?.index, state.last?.keys, state.last?.held];
    await this.#remove(before.filter((name) => name !== undefined));
  }

  /** Whatever the attempt: each plan of a run finds the same rows, and under one name they are kept once. */
  async #ingestion({ runId, epoch, captured }: PendingPlan): Promise<Ingestion> {
    const { dealer_id: dealerId, entity, source_id: sourceId } = this.#message;
    const mapper = await this.#origin.mapper();
    return { runId, attempt: 1, dealerId, entity, sourceId, epoch, captured, mapper };
  }

  /** Blobs that nothing refers to any more. What is left behind by a crash goes by lifecycle rule. */
  async #remove(names: readonly string[]): Promise<void> {
    await Promise.allSettled(names.map((name) => this.#deps.blobs.remove(name)));
  }
}
