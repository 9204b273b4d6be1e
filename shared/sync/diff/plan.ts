import { AdpError } from '../../errors.ts';
import type { Change } from '../../model/change.ts';
import type { Instant } from '../../model/instant.ts';
import type { RecordId } from '../../model/recordId.ts';
import { type Counts, maxErrorsShown, type RowError } from '../../model/run.ts';
import { formatVersion } from '../../model/version.ts';
import type { Rejection } from '../ingest.ts';
import { tooManyRejects } from '../tooManyRejects.ts';
import type { Fingerprint, HeldIndex } from './heldRecords.ts';
import { toRowText } from './rowText.ts';
import type { BlobWriter, SnapshotBlobs } from './snapshotBlobs.ts';
import { SpoolWriter } from './spool.ts';

/** What has to be sent, and what the run says of it; all of it is in blobs, so that a crash costs no second reading. */
export interface Plan {
  readonly counts: Counts;
  /** Deletes that wait for approval; `counts` has them. */
  readonly held: number;
  readonly isSuspect: boolean;
  readonly errors: readonly RowError[];
  /** Ids that more than one row brings, with the version that stands: their other changes are not sent. */
  readonly competing: readonly (readonly [RecordId, string])[];
  /** Make it again with these: of their rows some were passed over, so that nobody knows which one stands. */
  readonly contested: Contested | undefined;
  /** Read no more of the baseline: it is damaged or made by other rules. */
  readonly voided: string | undefined;
  /** The new baseline lacks keys of records that are held: the next snapshot must be compared with the store, too. */
  readonly isDoubtful: boolean;
  readonly notes: readonly string[];
  readonly columns: readonly string[] | undefined;
}

/** Ids whose every row is a change, though what is held may be just that: versions decide which of them stands. */
export type Contested = readonly RecordId[] | 'all';

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

/** What a complete read may not do unasked; contract.md, "A run". */
export interface Guards {
  /** Above this share of what is held its deletes wait for approval. */
  readonly maxDeleteRatio: number;
  /** Above this share of rejected rows nothing of it is applied. Undefined: the usual one. */
  readonly maxRejectRatio: number | undefined;
  /** So many rejected rows are taken whatever their share. */
  readonly rejectsAllowed: number;
  /** Whether it is suspect without rows where nothing is held of the source, as well. */
  readonly isEmptyAlwaysSuspect: boolean;
  /** Why it is suspect, whatever it has. */
  readonly suspicion: string | undefined;
}

/** All that the store holds. */
export interface StoreSide {
  readonly held: HeldIndex;
  /** The store once more. */
  readonly again: () => AsyncIterable<readonly Fingerprint[]>;
}

/** Writes a plan's blobs. */
export class PlanWriter {
  /** The first ones. */
  readonly errors: RowError[] = [];
  deletes = 0;
  readonly #names: ReturnType<typeof planBlobs>;
  readonly #blobs: SnapshotBlobs;
  readonly #stamp: { readonly epoch: number; readonly captured: Instant };
  readonly #changes: Spool;
  readonly #held: Spool;
  readonly #rejected: Spool;

  constructor(blobs: SnapshotBlobs, prefix: string, stamp: { readonly epoch: number; readonly captured: Instant }) {
    this.#names = planBlobs(prefix);
    this.#blobs = blobs;
    this.#stamp = stamp;
    this.#changes = new Spool(blobs, this.#names.changes);
    this.#held = new Spool(blobs, this.#names.held);
    this.#rejected = new Spool(blobs, this.#names.rejected);
  }

  get held(): number {
    return this.#held.lines.lines;
  }

  upsert(change: Change): void {
    this.#changes.lines.add(JSON.stringify(change));
  }

  /** By absence. */
  delete(id: RecordId, isHeld: boolean): void {
    const { epoch, captured } = this.#stamp;
    const version = formatVersion({ epoch, t: captured, captured, position: 0 });
    const change: Change = { op: 'delete', id, version, absence: true };
    this.deletes++;
    (isHeld ? this.#held : this.#changes).lines.add(JSON.stringify(change));
  }

  /** Records of the source that no row was seen for. */
  async deleteUnseen({ held, again }: StoreSide, isHeld: boolean): Promise<void> {
    if (held.unseen === 0) return;
    for await (const page of again()) {
      for (const { id } of page) if (held.isUnseen(id)) this.delete(id as RecordId, isHeld);
      await this.drain();
    }
  }

  reject(rejection: Rejection): void {
    this.#rejected.lines.add(toRowText(rejection));
    this.errors.push(...rejection.errors.slice(0, maxErrorsShown - this.errors.length));
  }

  /** Writes what has been added, if that is worth it. */
  async drain(): Promise<void> {
    await Promise.all([this.#changes, this.#held, this.#rejected].map(({ lines }) => lines.drain()));
  }

  /** All that is to be sent was added. */
  async close(): Promise<void> {
    await Promise.all([this.#changes.close(), this.#held.close(), this.#rejected.close()]);
  }

  /** Writes the plan itself, last. @param reasons why it is suspect */
  async finish(
    plan: Pick<Plan, 'competing' | 'contested' | 'voided' | 'isDoubtful' | 'notes' | 'columns'> & {
      readonly counts: Omit<Counts, 'deletes' | 'deleteRows'>;
    },
    reasons: ReadonlySet<string>,
  ): Promise<Plan> {
    const made: Plan = {
      ...plan,
      counts: { ...plan.counts, deletes: this.deletes, deleteRows: 0 },
      held: this.held,
      isSuspect: reasons.size > 0,
      errors: [...suspicionOf(reasons, this.held), ...this.errors].slice(0, maxErrorsShown),
    };
    const blob = this.#blobs.create(this.#names.plan);
    await blob.write(Buffer.from(JSON.stringify(made)));
    await blob.close();
    return made;
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

/** @throws AdpError DATA_ERROR (park) where too many rows are rejected */
export function checkRejects(
  counts: Pick<Counts, 'read' | 'rejected'>,
  { maxRejectRatio, rejectsAllowed }: Guards,
  rows: readonly RowError[],
): void {
  const why = tooManyRejects(counts, maxRejectRatio, rejectsAllowed);
  if (why !== undefined) throw refused(`${why}.`, rows);
}

/** Of what is refused whole: what was wrong with single rows. */
const rowsOfRefused = new WeakMap<AdpError, readonly RowError[]>();

export function refused(why: string, rows: readonly RowError[]): AdpError {
  const error = new AdpError('DATA_ERROR', `${why} Nothing of it was applied.`, { disposition: 'park' });
  rowsOfRefused.set(error, rows);
  return error;
}

/** What was wrong with single rows of what was refused whole. */
export function rowsRefused(error: unknown): readonly RowError[] {
  return error instanceof AdpError ? (rowsOfRefused.get(error) ?? []) : [];
}
