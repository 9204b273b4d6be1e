import { AdpError } from '../../errors.ts';
import type { Mapper } from '../../mapping/compile.ts';
import type { Change } from '../../model/change.ts';
import { contentHash } from '../../model/contentHash.ts';
import type { Instant } from '../../model/instant.ts';
import type { RecordId } from '../../model/recordId.ts';
import { type Counts, maxErrorsShown, type RowError } from '../../model/run.ts';
import { formatVersion } from '../../model/version.ts';
import { sourceOf } from '../../snapshot/bytes.ts';
import { diffSnapshot } from '../../snapshot/diffSnapshot.ts';
import type { SnapshotChange, SnapshotProgress, SnapshotResult, SnapshotRow } from '../../snapshot/snapshot.ts';
import type { Rejection } from '../ingest.ts';
import type { Fingerprint, HeldIndex } from './heldRecords.ts';
import { toRowText } from './rowText.ts';
import type { BlobWriter, SnapshotBlobs } from './snapshotBlobs.ts';
import { inputOf, type SnapshotFile } from './snapshotFile.ts';
import { readChanges, SpoolWriter } from './spool.ts';

/** The snapshot that is compared, and by what rules. */
export interface PlanInput {
  readonly file: SnapshotFile;
  readonly mapper: Mapper;
  /** Of the mapping and the schema: a baseline of another one is void. */
  readonly meaning: string;
  readonly epoch: number;
  readonly captured: Instant;
  readonly seed: string;
  readonly maxDeleteRatio: number;
  readonly maxRejectRatio: number;
  /** Rows that a manifest promises. */
  readonly expectedRows: number | undefined;
  /** What it is compared with: the last snapshot's fingerprints, or all that the store holds. */
  readonly against: Against;
  /** What the run is to say besides. */
  readonly notes: readonly string[];
  /** Undefined where the format names none ahead of its rows. */
  readonly columns: readonly string[] | undefined;
  readonly onProgress: (progress: SnapshotProgress) => void;
}

export type Against =
  | { readonly kind: 'baseline'; readonly index: AsyncIterable<Uint8Array>; readonly keys: AsyncIterable<Uint8Array> }
  | {
      readonly kind: 'store';
      readonly held: HeldIndex;
      /** The store once more. */
      readonly again: () => AsyncIterable<readonly Fingerprint[]>;
    };

/** What has to be sent, and what the run says of it; all of it is in blobs, so that a crash costs no second reading. */
export interface Plan {
  readonly counts: Counts;
  /** Deletes that wait for approval; `counts` has them. */
  readonly held: number;
  readonly isSuspect: boolean;
  readonly errors: readonly RowError[];
  /** Ids that more than one row brings, with the version that stands: their other changes are not sent. */
  readonly competing: readonly (readonly [RecordId, string])[];
  /** Read no more of the baseline: it is damaged or made by other rules. */
  readonly voided: string | undefined;
  /** The new baseline lacks keys of records that are held: the next snapshot must be compared with the store, too. */
  readonly isDoubtful: boolean;
  readonly notes: readonly string[];
  readonly columns: readonly string[] | undefined;
}

/** Names of a plan's blobs. */
export function planBlobs(prefix: string) {
  return {
    index: `${prefix}.index`,
    keys: `${prefix}.keys`,
    changes: `${prefix}.changes`,
    held: `${prefix}.held`,
    rejected: `${prefix}.rejected`,
    plan: `${prefix}.plan`,
  };
}

/** Ids that are told apart before they are sent; of more than these every row is sent, and the writer decides. */
const maxCompeting = 50_000;

/**
 * Compares a full snapshot and writes down, in blobs, what is to be sent. Nothing is sent and nothing is kept in
 * quarantine here: a plan may be thrown away and made again.
 *
 * So all that must be known of the whole file before the first change is sent is known: whether too many of its rows are
 * rejected, whether its deletes are held, and which of competing rows stands.
 *
 * @throws AdpError DATA_ERROR or MAPPING_ERROR (park) where the file can't be taken; nothing of it is to be applied then
 */
export async function planDiff(input: PlanInput, prefix: string, blobs: SnapshotBlobs): Promise<Plan> {
  const names = planBlobs(prefix);
  const work = new Planning(input, blobs, names);
  const { file, against } = input;
  const index = blobs.create(names.index);
  const keys = blobs.create(names.keys);
  const result = await diffSnapshot<Planned>(
    file.source,
    against.kind === 'baseline' ? { index: sourceOf(against.index), keys: sourceOf(against.keys) } : undefined,
    { index, keys },
    {
      key: file.key,
      ...(file.delimiter === undefined ? {} : { delimiter: file.delimiter }),
      ...(file.quote === undefined ? {} : { quote: file.quote }),
      encoding: file.encoding,
      mapping: `${file.layout} ${input.meaning}`,
      seed: input.seed,
      // It is asked for after the last row: a key that only the mapping can't read must hold the deletes as well.
      get maxDeleteRatio() {
        return work.hasUnreadableKey ? -1 : input.maxDeleteRatio;
      },
    },
    work,
  );
  await Promise.all([index.close(), keys.close()]);
  return await work.finish(result);
}

interface Planned {
  readonly change: Change;
  /** The store holds just that. */
  readonly isSame: boolean;
}

class Planning {
  /** A row was met whose key the kernel could read and the mapping could not. */
  hasUnreadableKey = false;
  readonly #input: PlanInput;
  readonly #blobs: SnapshotBlobs;
  readonly #names: ReturnType<typeof planBlobs>;
  readonly #changes: Spool;
  readonly #held: Spool;
  readonly #rejected: Spool;
  readonly #errors: RowError[] = [];
  readonly #competing = new Map<RecordId, string>();
  #isDoubtful = false;
  #same = 0;
  #brokenRows = 0;
  #deletes = 0;

  constructor(input: PlanInput, blobs: SnapshotBlobs, names: ReturnType<typeof planBlobs>) {
    this.#input = input;
    this.#blobs = blobs;
    this.#names = names;
    this.#changes = new Spool(blobs, names.changes);
    this.#held = new Spool(blobs, names.held);
    this.#rejected = new Spool(blobs, names.rejected);
  }

  map(raw: SnapshotRow): { contentHash: string; change: Planned } | undefined {
    const { mapper, file, epoch, captured, against } = this.#input;
    const { row, values } = file.rowOf(raw);
    const mapped = mapper.upsert(values);
    if (!mapped.ok || isDelete(values)) {
      const errors = mapped.ok
        ? [{ row, field: '_op', code: 'DATA_ERROR' as const, detail: 'a full snapshot has no deletes' }]
        : mapped.errors.map((error) => ({ row, ...error }));
      this.#reject({ input: inputOf(row, values), errors });
      if (mapped.id === null) this.hasUnreadableKey = true;
      else if (against.kind === 'store' && against.held.keep(mapped.id)) this.#isDoubtful = true;
      return undefined;
    }
    const { id, data, modified } = mapped;
    const content = contentHash(data);
    const version = formatVersion({ epoch, t: modified ?? captured, captured, position: row });
    return {
      contentHash: content,
      change: {
        change: { op: 'upsert', id, version, content_hash: content, data },
        isSame: against.kind === 'store' && against.held.see(id, content),
      },
    };
  }

  async changed(changes: readonly SnapshotChange<Planned>[]): Promise<void> {
    for (const { kind, change } of changes) {
      // Of competing rows the store may hold one that does not stand.
      if (change.isSame && kind !== 'competing') {
        this.#same++;
        continue;
      }
      if (kind === 'competing' && this.#competing.size <= maxCompeting) this.#competing.set(change.change.id, '');
      this.#changes.lines.add(JSON.stringify(change.change));
    }
    await this.#drain();
  }

  async broken(rows: Parameters<SnapshotFile['rejectionOf']>[0][]): Promise<void> {
    this.#brokenRows += rows.length;
    for (const row of rows) this.#reject(this.#input.file.rejectionOf(row));
    await this.#drain();
  }

  async removed(keys: readonly (readonly string[])[], held: boolean): Promise<void> {
    for (const key of keys) {
      const id = this.#input.file.idOf(key);
      // A key of which no id can be made was never a record's.
      if (id !== null) this.#delete(id, held);
    }
    await this.#drain();
  }

  progress(progress: SnapshotProgress): void {
    this.#input.onProgress(progress);
  }

  async finish(result: SnapshotResult): Promise<Plan> {
    const { against } = this.#input;
    const { read, rejected, repeated, unchanged, inserted, updated, competing } = result;
    this.#checkWhole(result);
    const reasons = new Set<string>(result.suspect);
    if (this.hasUnreadableKey) {
      reasons.add('unreadable_key');
      reasons.delete('too_many_deletes');
    }
    if (against.kind === 'store') await this.#deleteUnseen(against, reasons);
    await Promise.all([this.#changes.close(), this.#held.close(), this.#rejected.close()]);
    const dropped = await this.#settleCompeting();
    const plan: Plan = {
      counts: {
        read,
        rejected,
        repeated: repeated + dropped,
        unchanged: unchanged + this.#same,
        upserts: inserted + updated + competing - this.#same - dropped,
        deletes: this.#deletes,
        deleteRows: 0,
      },
      held: this.#held.lines.lines,
      isSuspect: reasons.size > 0,
      errors: [...suspicionOf(reasons, this.#held.lines.lines), ...this.#errors].slice(0, maxErrorsShown),
      competing: [...this.#competing],
      voided: voidedBy(result),
      isDoubtful: this.#isDoubtful || (against.kind === 'store' && this.#held.lines.lines > 0),
      notes: this.#input.notes,
      columns: this.#input.columns,
    };
    await writeWhole(this.#blobs.create(this.#names.plan), JSON.stringify(plan));
    return plan;
  }

  /** What a file must be as a whole. */
  #checkWhole({ read, rejected }: SnapshotResult): void {
    const { expectedRows, maxRejectRatio } = this.#input;
    if (expectedRows !== undefined && read !== expectedRows) {
      throw refused(`Its manifest says ${expectedRows} rows, it has ${read}.`, this.#errors);
    }
    if (rejected > maxRejectRatio * read) {
      const share = `more than the ${maxRejectRatio} that max_reject_ratio allows`;
      throw refused(`${rejected} of its ${read} rows can't be taken, ${share}.`, this.#errors);
    }
  }

  /** Records of the source that the snapshot has no row for. */
  async #deleteUnseen(against: Extract<Against, { kind: 'store' }>, reasons: Set<string>): Promise<void> {
    const { held, again } = against;
    // Their keys are told to the kernel alone: any of these rows may be the one that a record waits for.
    if (this.#brokenRows > 0) reasons.add('unreadable_key');
    if (held.unseen > this.#input.maxDeleteRatio * held.ours) reasons.add('too_many_deletes');
    if (held.unseen === 0) return;
    for await (const page of again()) {
      for (const { id } of page) if (held.isUnseen(id)) this.#delete(id as RecordId, reasons.size > 0);
      await this.#drain();
    }
  }

  #delete(id: RecordId, held: boolean): void {
    const { epoch, captured } = this.#input;
    const version = formatVersion({ epoch, t: captured, captured, position: 0 });
    const change: Change = { op: 'delete', id, version, absence: true };
    this.#deletes++;
    (held ? this.#held : this.#changes).lines.add(JSON.stringify(change));
  }

  /** The first row of a key was a change like any other: only now is it known that it has rivals. How many don't stand. */
  async #settleCompeting(): Promise<number> {
    if (this.#competing.size > maxCompeting) this.#competing.clear();
    if (this.#competing.size === 0) return 0;
    let rows = 0;
    for await (const changes of readChanges(this.#blobs, this.#names.changes)) {
      for (const { id, version } of changes) {
        const standing = this.#competing.get(id);
        if (standing === undefined) continue;
        rows++;
        if (version > standing) this.#competing.set(id, version);
      }
    }
    return rows - this.#competing.size;
  }

  #reject(rejection: Rejection): void {
    this.#rejected.lines.add(toRowText(rejection));
    this.#errors.push(...rejection.errors.slice(0, maxErrorsShown - this.#errors.length));
  }

  async #drain(): Promise<void> {
    await this.#changes.lines.drain();
    await this.#held.lines.drain();
    await this.#rejected.lines.drain();
  }
}

/** Lines in a blob of their own. */
class Spool {
  readonly lines: SpoolWriter;
  readonly #blob: BlobWriter;

  constructor(blobs: SnapshotBlobs, name: string) {
    this.#blob = blobs.create(name);
    this.lines = new SpoolWriter(this.#blob);
  }

  async close(): Promise<void> {
    await this.lines.flush();
    await this.#blob.close();
  }
}

async function writeWhole(blob: BlobWriter, text: string): Promise<void> {
  await blob.write(Buffer.from(text));
  await blob.close();
}

function isDelete(values: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(values, '_op') && values._op === 'delete';
}

function voidedBy({ baseline, lostRemovals }: SnapshotResult): string | undefined {
  if (typeof baseline === 'object') return baseline.void;
  return baseline === 'used' && lostRemovals > 0 ? 'keys are missing in it' : undefined;
}

const suspicions: Readonly<Record<string, string>> = {
  empty: 'it has no rows',
  unreadable_key: "a row's key can't be read",
  unclosed_quote: 'a quote is never closed and may hide rows',
  too_many_deletes: 'it lacks more records than max_delete_ratio allows',
};

/** How the error of a suspect snapshot begins. */
export const suspicionMark = 'The snapshot is suspect: ';

function suspicionOf(reasons: ReadonlySet<string>, held: number): RowError[] {
  if (reasons.size === 0) return [];
  const why = [...reasons].map((reason) => suspicions[reason] ?? reason).join('; ');
  const what = held === 0 ? 'Nothing is deleted by it.' : `${held} deletes are held until the run is approved.`;
  return [{ code: 'DATA_ERROR', detail: `${suspicionMark}${why}. ${what}` }];
}

/** Of files that are refused whole: what was wrong with single rows. */
const rowsOfRefused = new WeakMap<AdpError, readonly RowError[]>();

function refused(why: string, rows: readonly RowError[]): AdpError {
  const error = new AdpError('DATA_ERROR', `${why} Nothing of the file was applied.`, { disposition: 'park' });
  rowsOfRefused.set(error, rows);
  return error;
}

/** What was wrong with single rows of a file that `planDiff` has refused. */
export function rowsRefused(error: unknown): readonly RowError[] {
  return error instanceof AdpError ? (rowsOfRefused.get(error) ?? []) : [];
}
