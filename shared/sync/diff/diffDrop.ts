import { hash } from 'node:crypto';
import { AdpError, isRetryable } from '../../errors.ts';
import type { Sniffed } from '../../formats/format.ts';
import { type EntityName, entities } from '../../model/entities.ts';
import type { DropSource } from '../drops/dropSource.ts';
import type { DropStore } from '../drops/dropStore.ts';
import { checkColumns, describeNewColumns, describeSniffed } from '../drops/judgeDelta.ts';
import type { LedgerStore } from '../drops/ledgerStore.ts';
import { type DropPlace, placeOf } from '../drops/place.ts';
import { openDrop } from '../drops/readRows.ts';
import type { IngestDeps, Ingestion } from '../ingest.ts';
import type { RunDeps, SealedWork } from '../runWork.ts';
import type { BaselineLease, Baselines, LastRead, PendingPlan } from './baselines.ts';
import { isReadByKernel, openCsv } from './csvFile.ts';
import type { DiffMessage } from './diffMessage.ts';
import { DiffRun } from './diffRun.ts';
import { type DoubtDeps, doubtOf, mustWait } from './doubts.ts';
import { HeldIndex, type HeldRecords } from './heldRecords.ts';
import { type Against, type Plan, planBlobs, planDiff } from './planDiff.ts';
import { openRows } from './rowsFile.ts';
import { quarantineRejected, sendPlan } from './sendPlan.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';

/** What a source says of its full snapshots of an entity. */
export interface SnapshotSource extends DropSource {
  /** What decides how a row becomes a record, as text. */
  readonly meaning: string;
  /** Undefined: the usual one. */
  readonly maxDeleteRatio: number | undefined;
}

export interface DiffDeps extends RunDeps, DoubtDeps, IngestDeps {
  readonly runs: RunDeps['runs'] & DoubtDeps['runs'];
  readonly baselines: Baselines;
  readonly blobs: SnapshotBlobs;
  readonly drops: Pick<DropStore, 'find' | 'open'>;
  readonly ledger: Pick<LedgerStore, 'lastColumns' | 'noteColumns'>;
  readonly records: HeldRecords;
  /** As it is now, uncached. */
  readonly epochOf: (dealerId: string, entity: EntityName) => Promise<number>;
  /** Whose the file is. @throws AdpError (park) where it can't be taken any more */
  readonly sourceOf: (place: DropPlace) => Promise<SnapshotSource>;
}

/** contract.md, "A run": what may be missing; more where a manifest says that the file is whole. */
const usualDeleteRatio = 0.1;
const deleteRatioWithManifest = 0.5;
const usualRejectRatio = 0.2;
/** Of the ten minutes that host.json gives a function. */
const workMs = 6 * 60_000;
/** Until what was under way before is looked at again. */
const waitMs = 2_000;

/**
 * Brings a dealer's records to what a full snapshot says. Two phases: a *plan* is made, in blobs, of all that has to be
 * sent; then it is sent, window by window, and the baseline switched once the queue has accepted the last one.
 *
 * Whatever dies in between, the message comes back and goes on: before the plan is noted in the baseline's row nothing
 * was sent, and it is made again; after that the same plan is sent, from the last window that was noted; after the
 * switch the run is sealed with what the row says. Nothing of it depends on a lock: a plan is noted, and a baseline
 * switched, only under the row's ETag.
 *
 * @returns milliseconds after which the message should come again: another diff of the same source and entity is under
 * way, or something that began before isn't applied yet, or there was too much to send in one go; undefined when done
 * @throws AdpError with `retry` where the same message should come again; a file that can't be taken fails its run
 */
export async function diffDrop(message: DiffMessage, deps: DiffDeps): Promise<{ retryAfterMs: number } | undefined> {
  const { dealer_id: dealerId, entity, source_id: sourceId, run_id: runId, drop } = message;
  const file = { path: drop.path, bytes: drop.bytes };
  const run = await DiffRun.open(runId, { dealerId, entity, sourceId, door: 'file', file }, deps);
  if (run.isOver) return undefined;
  const lease = await deps.baselines.take({ dealerId, entity, sourceId }, runId);
  if ('retryAfterMs' in lease) return lease;
  try {
    return await new Diff(message, run, lease, deps).work();
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
  readonly #run: DiffRun;
  readonly #lease: BaselineLease;
  readonly #deps: DiffDeps;
  /** From then on the message comes again rather than that the host ends the function. */
  readonly #until: number;

  constructor(message: DiffMessage, run: DiffRun, lease: BaselineLease, deps: DiffDeps) {
    this.#message = message;
    this.#run = run;
    this.#lease = lease;
    this.#deps = deps;
    this.#until = deps.clock() + workMs;
  }

  /** Milliseconds after which the message should come again; undefined where all is done. */
  async work(): Promise<{ retryAfterMs: number } | undefined> {
    const { run_id: runId } = this.#message;
    const { last, pending } = this.#lease.state;
    if (last?.runId === runId) {
      await this.#run.seal(last.sealed, last.attempt);
      return undefined;
    }
    if (pending?.runId === runId) return await this.#send(pending, await this.#readPlan(pending));
    const newer = await this.#overtakenBy(last);
    if (newer !== undefined) {
      await this.#run.supersede(newer);
      return undefined;
    }
    const { dealer_id: dealerId, entity, source_id: sourceId } = this.#message;
    const { clock } = this.#deps;
    if (await mustWait({ dealerId, entity, sourceId }, this.#run.run, clock(), this.#deps)) {
      return { retryAfterMs: waitMs };
    }
    const { plan, pending: made } = await this.#plan();
    return await this.#send(made, plan);
  }

  async #overtakenBy(last: LastRead | undefined): Promise<string | undefined> {
    const { drop, captured } = this.#message;
    if (last !== undefined && last.captured >= captured) return `The run ${last.runId} has read a newer snapshot.`;
    const now = await this.#deps.drops.find(drop.path);
    return now === undefined || now.etag === drop.etag ? undefined : 'The file was replaced before it was read.';
  }

  async #plan(): Promise<{ plan: Plan; pending: PendingPlan }> {
    const { dealer_id: dealerId, entity, source_id: sourceId, run_id: runId, captured } = this.#message;
    const { state } = this.#lease;
    const epoch = await this.#deps.epochOf(dealerId, entity);
    const source = await this.#source();
    const comparedAt = this.#deps.clock();
    let doubt = await doubtOf({ dealerId, entity, sourceId }, state, runId, epoch, this.#deps);
    for (;;) {
      const prefix = `${dealerId}/${entity}/${sourceId ?? ''}/${runId.slice(dealerId.length + 1)}.${this.#deps.random()}`;
      const plan = await this.#planOnce(source, epoch, doubt, prefix);
      if (plan.voided === undefined) {
        const pending = { runId, attempt: 1, prefix, epoch, captured, comparedAt, windows: 0, messages: 0 };
        await this.#lease.save({ ...state, pending });
        // Another run's plan was only sent in part: what it brought was in this comparison.
        if (state.pending !== undefined) await this.#remove(Object.values(planBlobs(state.pending.prefix)));
        return { plan, pending };
      }
      await this.#remove(Object.values(planBlobs(prefix)));
      doubt = `the last snapshot's fingerprints are of no use, because ${plan.voided}`;
    }
  }

  async #planOnce(source: SnapshotSource, epoch: number, doubt: string | undefined, prefix: string): Promise<Plan> {
    const { entity, manifest, captured } = this.#message;
    const { mapper, meaning, maxDeleteRatio, maxRejectRatio } = source;
    const against = doubt === undefined ? await this.#baseline() : await this.#store();
    const ratio = manifest === undefined ? usualDeleteRatio : deleteRatioWithManifest;
    const comparison = doubt === undefined ? [] : [`Compared with all that is held: ${doubt}.`];
    try {
      const { file, columns, notes } = await this.#open(source);
      return await planDiff(
        {
          file,
          mapper,
          meaning: hash('sha256', `${entities[entity].schemaVersion} ${meaning}`, 'hex'),
          epoch,
          captured,
          seed: this.#lease.state.seed,
          maxDeleteRatio: maxDeleteRatio ?? ratio,
          maxRejectRatio: maxRejectRatio ?? usualRejectRatio,
          expectedRows: manifest?.rows,
          against,
          notes: [...notes, ...comparison],
          columns,
          onProgress: ({ bytes, rows }) => this.#run.note({ bytes, rows }),
        },
        prefix,
        this.#deps.blobs,
      );
    } catch (error) {
      await this.#remove(Object.values(planBlobs(prefix)));
      throw error;
    }
  }

  async #open(source: SnapshotSource) {
    const { dealer_id, entity, source_id, drop, manifest } = this.#message;
    const snapshot = this.#deps.drops.open(drop.path, drop.snapshot, drop.bytes);
    const { file, reading } = await openDrop(drop.name, snapshot, source, manifest);
    let sniffed: Sniffed | undefined;
    const onSniffed = (found: Sniffed) => {
      checkColumns(found, source);
      sniffed = found;
    };
    const opened = { file, mapper: source.mapper, options: { ...reading, onSniffed } };
    const read = isReadByKernel(opened) ? await openCsv(opened) : await openRows(opened);
    const columns = sniffed?.columns;
    const before = await this.#deps.ledger.lastColumns(dealer_id, source_id, entity);
    const added = columns && describeNewColumns(before, columns);
    const notes = [sniffed && describeSniffed(sniffed), added].filter((note) => note !== undefined);
    return { file: read, columns, notes };
  }

  async #source(): Promise<SnapshotSource> {
    const { drop, source_id, entity } = this.#message;
    const source = await this.#deps.sourceOf(placeOf(drop.path));
    if (source.sourceId === source_id && source.name.entity === entity) return source;
    throw new AdpError('CONFIG_ERROR', 'The file belongs to another source since it arrived. Drop it again.');
  }

  async #baseline(): Promise<Against> {
    const { last } = this.#lease.state;
    const [index, keys] = await Promise.all(
      [last?.index ?? '', last?.keys ?? ''].map((name) => this.#deps.blobs.open(name)),
    );
    if (index === undefined || keys === undefined) return await this.#store();
    return { kind: 'baseline', index, keys };
  }

  async #store(): Promise<Against> {
    const { dealer_id: dealerId, entity, source_id: sourceId } = this.#message;
    const held = new HeldIndex(this.#lease.state.seed);
    const again = () => this.#deps.records.fingerprints(dealerId, entity);
    for await (const page of again()) {
      for (const { id, contentHash, sourceId: owner } of page) held.add(id, contentHash, owner === sourceId);
    }
    return { kind: 'store', held, again };
  }

  async #readPlan({ prefix }: PendingPlan): Promise<Plan> {
    const chunks = await this.#deps.blobs.open(planBlobs(prefix).plan);
    if (chunks === undefined) throw new AdpError('INTERNAL', 'The plan of the run is gone. Drop the file again.');
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
    if (plan.columns !== undefined) await this.#deps.ledger.noteColumns(dealer_id, source_id, entity, plan.columns);
    return undefined;
  }

  /** From here on the next snapshot is compared with this one; then the run may say that all is done. */
  async #switch(
    { runId, attempt, prefix, epoch, captured, comparedAt }: PendingPlan,
    sealed: SealedWork,
    isDoubtful: boolean,
  ): Promise<void> {
    const { last: before, seed } = this.#lease.state;
    const { index, keys, held, changes, rejected, plan } = planBlobs(prefix);
    const hasHeld = sealed.held !== undefined;
    const last: LastRead = {
      runId,
      attempt,
      epoch,
      captured,
      comparedAt,
      index,
      keys,
      held: hasHeld ? held : undefined,
      sealed,
    };
    await this.#lease.save({ seed, last, isDoubtful });
    await this.#run.seal(sealed, attempt);
    await this.#remove([changes, rejected, plan]);
    if (!hasHeld) await this.#remove([held]);
    if (before !== undefined) await this.#remove([before.index, before.keys, ...(before.held ? [before.held] : [])]);
  }

  async #ingestion({ runId, attempt, epoch, captured }: PendingPlan): Promise<Ingestion> {
    const { dealer_id: dealerId, entity, source_id: sourceId } = this.#message;
    const { mapper } = await this.#source();
    return { runId, attempt, dealerId, entity, sourceId, epoch, captured, mapper };
  }

  /** Blobs that nothing refers to any more. What is left behind by a crash goes by lifecycle rule. */
  async #remove(names: readonly string[]): Promise<void> {
    await Promise.allSettled(names.map((name) => this.#deps.blobs.remove(name)));
  }
}
