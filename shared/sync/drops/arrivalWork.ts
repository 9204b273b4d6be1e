import { AdpError } from '../../errors.ts';
import { type Instant, nextInstant, toInstant } from '../../model/instant.ts';
import { newRunId, noDealer } from '../../model/run.ts';
import type { StoredRun } from '../runStore.ts';
import { failRun, openRun, sealRun } from '../runWork.ts';
import type { ArrivalDeps } from './arrivalDeps.ts';
import type { DropSource } from './dropSource.ts';
import type { DropBlob } from './dropStore.ts';
import type { ArrivalLease, ArrivalMemo } from './ledgerStore.ts';
import { checkManifest, type Manifest, maxManifestBytes, parseManifest } from './manifest.ts';
import { pairingOf } from './pairing.ts';
import { type DropPlace, placeOf } from './place.ts';
import { contentOf } from './readRows.ts';
import type { Refusal } from './refusal.ts';
import { takeDelta } from './takeDelta.ts';
import { endLease, type Taking } from './taking.ts';

/** One try at an arrival. */
export class ArrivalWork {
  readonly lease: ArrivalLease;
  readonly #blob: DropBlob;
  readonly #manifest: DropBlob | undefined;
  readonly #deps: ArrivalDeps;
  readonly #place: DropPlace;
  #source: DropSource | undefined;
  #memo: ArrivalMemo | undefined;

  constructor(blob: DropBlob, manifest: DropBlob | undefined, lease: ArrivalLease, deps: ArrivalDeps) {
    this.lease = lease;
    this.#blob = blob;
    this.#manifest = manifest;
    this.#deps = deps;
    this.#place = placeOf(blob.path);
    this.#memo = lease.memo;
  }

  async take(): Promise<Taking> {
    const { drops } = this.#deps;
    const { path, etag } = this.#blob;
    const source = await this.#deps.sourceOf(this.#place);
    this.#source = source;
    const pairing = pairingOf(this.#blob, this.#manifest);
    if (source.needsManifest && pairing !== 'fits') return await endLease(this.lease, 'waiting');

    const snapshot = this.#memo?.snapshot ?? (await drops.freeze(path, etag));
    // Replaced or removed meanwhile: what is there now is another arrival.
    if (snapshot === undefined) return await this.#supersede();
    const identity = this.#identity();
    const stamp = identity.stamp ?? (await this.#stamp(source, identity));
    await this.#note({ ...identity, snapshot, stamp });
    const stored = await this.#run();
    if (stored.run.sealed !== undefined) return await endLease(this.lease, 'done', stored.run.runId);
    const manifest = await this.#readManifest();
    return source.name.kind === 'full'
      ? await this.#handOver(source, stored, snapshot, stamp.captured, manifest)
      : await this.#takeDelta(source, stored, snapshot, stamp, manifest);
  }

  async fail({ error, rows }: Refusal): Promise<Taking> {
    await this.#note(this.#identity());
    const stored = await this.#run();
    await failRun(stored, this.#deps, error, rows);
    return await endLease(this.lease, 'failed', stored.run.runId);
  }

  async #takeDelta(
    source: DropSource,
    stored: StoredRun,
    snapshot: string,
    stamp: { readonly epoch: number; readonly captured: Instant },
    manifest: Manifest | undefined,
  ): Promise<Taking> {
    const { drops } = this.#deps;
    const { path, bytes } = this.#blob;
    const { dealerId } = this.#place;
    const { name, sourceId, mapper } = source;
    const { runId } = stored.run;
    const attempt = this.lease.tries;
    const ingestion = { runId, attempt, dealerId, entity: name.entity, sourceId, ...stamp, mapper };
    const drop = drops.open(path, snapshot, bytes);
    const taken = await takeDelta({ path, drop, source, manifest, ingestion }, this.#deps);
    if ('error' in taken) return await this.fail(taken);
    const notes = [...(taken.notes ?? []), ...this.#timeNotes(source)];
    await sealRun(stored, { ...taken, notes }, this.#deps, attempt);
    return await endLease(this.lease, 'done', runId);
  }

  /** From here on `diffSnapshot` answers for the run. */
  async #handOver(
    source: DropSource,
    { run }: StoredRun,
    snapshot: string,
    captured: Instant,
    manifest: Manifest | undefined,
  ): Promise<Taking> {
    const { path, etag, bytes } = this.#blob;
    const { name, sourceId, zone, encoding } = source;
    if (manifest !== undefined) {
      const sha256 = await contentOf(this.#deps.drops.open(path, snapshot, bytes));
      checkManifest(manifest, { entity: name.entity, zone, encoding, sha256 });
    }
    await this.#deps.handOver({
      run_id: run.runId,
      dealer_id: this.#place.dealerId,
      entity: name.entity,
      source_id: sourceId,
      drop: { path, etag, snapshot, bytes, name: this.#place.file },
      captured,
      ...(manifest === undefined ? {} : { manifest: saysOf(manifest) }),
    });
    return await endLease(this.lease, 'done', run.runId);
  }

  async #supersede(): Promise<Taking> {
    if (this.#memo === undefined) return await endLease(this.lease, 'done');
    const stored = await this.#run();
    const { runs, clock } = this.#deps;
    if (stored.run.status === 'running' && stored.run.sealed === undefined) {
      await runs.save(stored, { ...stored.run, status: 'superseded', finishedAt: new Date(clock()) });
      await runs.close(stored.run.runId);
    }
    return await endLease(this.lease, 'done', stored.run.runId);
  }

  /**
   * A delta's data left the source at the time in its name, so that deltas may be taken in any order; a name that is
   * ahead of its arrival can only be wrong. Of a full snapshot without such a time it is when its file was written.
   *
   * Under the same name a later state of a file wins over what was sent of an earlier one: it is captured a nanosecond
   * after it, which is remembered before anything is sent. What was taken before the earlier state is forgotten with it
   * if that was never taken whole: parts of it may stand.
   */
  async #stamp(
    { name, sourceId }: DropSource,
    { runId }: ArrivalMemo,
  ): Promise<{ readonly epoch: number; readonly captured: Instant }> {
    const { stamps, ledger } = this.#deps;
    const { dealerId } = this.#place;
    const { arrivedAt, modifiedAt } = this.#blob;
    if (name.time === undefined) return await stamps.next(dealerId, name.entity, sourceId, toInstant(modifiedAt));
    const { path } = this.#blob;
    const epoch = await stamps.epochOf(dealerId, name.entity);
    const named = toInstant(Math.min(name.time, arrivedAt.getTime()));
    const last = await ledger.lastTaken(path);
    const captured = last?.captured?.startsWith(named.slice(0, 19)) ? nextInstant(last.captured) : named;
    const whole = last?.isUnderWay === true ? undefined : last;
    await ledger.noteTaken(path, { content: '', epoch, runId, ...whole, captured, isUnderWay: true });
    return { epoch, captured };
  }

  #timeNotes({ name, zone }: DropSource): string[] {
    const { arrivedAt } = this.#blob;
    if (name.time === undefined || name.time <= arrivedAt.getTime()) return [];
    const said = new Date(name.time).toISOString();
    return [
      `The name says ${said} in UTC (zone ${zone}), later than the file's arrival, which was taken instead. Is the zone right?`,
    ];
  }

  async #readManifest(): Promise<Manifest | undefined> {
    const manifest = this.#manifest;
    if (manifest === undefined) return undefined;
    if (manifest.bytes > maxManifestBytes) throw tooLarge(manifest.path);
    const content = await this.#deps.drops.read(manifest.path, manifest.etag);
    if (content !== undefined) return parseManifest(content);
    throw new AdpError('NETWORK_ERROR', 'The manifest was replaced while it was read.');
  }

  /** The run's id, which all tries share. */
  #identity(): ArrivalMemo {
    const { clock, random } = this.#deps;
    return this.#memo ?? { runId: newRunId(dealerOf(this.#place), new Date(clock()), random()) };
  }

  async #note(memo: ArrivalMemo): Promise<void> {
    if (JSON.stringify(memo) === JSON.stringify(this.#memo)) return;
    await this.lease.note(memo);
    this.#memo = memo;
  }

  /** The run of this arrival: opened, or open since an earlier try. */
  async #run(): Promise<StoredRun> {
    const { runs } = this.#deps;
    const { runId } = this.#memo ?? this.#identity();
    const stored = await runs.get(runId);
    if (stored === undefined) {
      const { path, bytes } = this.#blob;
      const heading = {
        dealerId: dealerOf(this.#place),
        entity: this.#source?.name.entity ?? null,
        sourceId: this.#source?.sourceId ?? null,
        door: 'file',
        file: { path, bytes },
      } as const;
      return await openRun(heading, this.#deps, runId);
    }
    if (stored.run.status !== 'failed' || stored.run.sealed !== undefined) return stored;
    // The sweep gave it up between two tries.
    await runs.noteOpen(runId);
    return await runs.save(stored, { ...stored.run, status: 'running', finishedAt: undefined, errors: [] });
  }
}

function tooLarge(path: string): AdpError {
  const message = `${placeOf(path).file} is too large for a manifest: at most ${maxManifestBytes} bytes are taken.`;
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}

function saysOf({ rows, encoding }: Manifest) {
  return { ...(rows === undefined ? {} : { rows }), ...(encoding === undefined ? {} : { encoding }) };
}

function dealerOf({ dealerId }: DropPlace): string {
  return /^[a-z0-9][a-z0-9_-]{1,62}$/.test(dealerId) ? dealerId : noDealer;
}
