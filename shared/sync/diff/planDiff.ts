import type { Mapper } from '../../mapping/compile.ts';
import type { Change } from '../../model/change.ts';
import { contentHash } from '../../model/contentHash.ts';
import type { Instant } from '../../model/instant.ts';
import type { RecordId } from '../../model/recordId.ts';
import { formatVersion } from '../../model/version.ts';
import { sourceOf } from '../../snapshot/bytes.ts';
import type { SnapshotChange, SnapshotProgress, SnapshotResult, SnapshotRow } from '../../snapshot/snapshot.ts';
import { compareFile } from './compareFile.ts';
import {
  type Contested,
  checkRejects,
  type Guards,
  type Plan,
  PlanWriter,
  planBlobs,
  refused,
  type StoreSide,
} from './plan.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';
import { type ComparedFile, inputOf } from './snapshotFile.ts';
import { readChanges } from './spool.ts';

/** The snapshot that is compared, and by what rules. */
export interface PlanInput {
  readonly file: ComparedFile;
  readonly mapper: Mapper;
  /** Of the mapping and the schema: a baseline of another one is void. */
  readonly meaning: string;
  readonly epoch: number;
  readonly captured: Instant;
  readonly seed: string;
  readonly guards: Guards;
  /** Rows that a manifest promises. */
  readonly expectedRows: number | undefined;
  /** What it is compared with: the last snapshot's fingerprints, or all that the store holds. */
  readonly against: Against;
  /** What the plan before this one could not tell; undefined of the first one. */
  readonly contested: Contested | undefined;
  /** What the run is to say besides. */
  readonly notes: readonly string[];
  /** What it is to say where nothing differs. */
  readonly noteIfSame: string | undefined;
  /** Undefined where the format names none ahead of its rows. */
  readonly columns: readonly string[] | undefined;
  readonly onProgress: (progress: SnapshotProgress) => void;
}

export type Against =
  | { readonly kind: 'baseline'; readonly index: AsyncIterable<Uint8Array>; readonly keys: AsyncIterable<Uint8Array> }
  | ({ readonly kind: 'store' } & StoreSide);

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
  const work = new Planning(input, blobs, prefix);
  const { file, against, guards } = input;
  const index = blobs.create(names.index);
  const keys = blobs.create(names.keys);
  const result = await compareFile<Planned>(
    file,
    against.kind === 'baseline' ? { index: sourceOf(against.index), keys: sourceOf(against.keys) } : undefined,
    { index, keys },
    {
      encoding: file.encoding,
      mapping: `${file.layout} ${input.meaning}`,
      seed: input.seed,
      // No delete of a read that is suspect by itself is applied, however few there are.
      maxDeleteRatio: guards.suspicion === undefined ? guards.maxDeleteRatio : -1,
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
  readonly #input: PlanInput;
  readonly #blobs: SnapshotBlobs;
  readonly #changes: string;
  readonly #writer: PlanWriter;
  readonly #contested: ReadonlySet<RecordId> | 'all';
  /** Rows that compete, by id; the first row of each id is not among them. */
  readonly #rivals = new Map<RecordId, number>();
  #hasTimes = false;
  #isDoubtful = false;
  #same = 0;
  #brokenRows = 0;

  constructor(input: PlanInput, blobs: SnapshotBlobs, prefix: string) {
    this.#input = input;
    this.#blobs = blobs;
    this.#changes = planBlobs(prefix).changes;
    this.#writer = new PlanWriter(blobs, prefix, input);
    this.#contested = input.contested === 'all' ? 'all' : new Set(input.contested);
  }

  map(raw: SnapshotRow): { contentHash?: string; change: Planned } | undefined | 'unreadable key' {
    const { mapper, file, epoch, captured, against } = this.#input;
    const { row, values } = file.rowOf(raw);
    const mapped = mapper.upsert(values);
    if (!mapped.ok || isDelete(values)) {
      const errors = mapped.ok
        ? [{ row, field: '_op', code: 'DATA_ERROR' as const, detail: 'a full snapshot has no deletes' }]
        : mapped.errors.map((error) => ({ row, ...error }));
      this.#writer.reject({ input: inputOf(row, values), errors });
      if (mapped.id === null) return 'unreadable key';
      if (against.kind === 'store' && against.held.keep(mapped.id)) this.#isDoubtful = true;
      return undefined;
    }
    const { id, data, modified } = mapped;
    if (modified !== null) this.#hasTimes = true;
    const content = contentHash(data);
    const version = formatVersion({ epoch, t: modified ?? captured, captured, position: row });
    const isHeld = against.kind === 'store' && against.held.see(id, content);
    const change: Change = { op: 'upsert', id, version, content_hash: content, data };
    if (this.#contested === 'all' || this.#contested.has(id)) return { change: { change, isSame: false } };
    return { contentHash: content, change: { change, isSame: isHeld } };
  }

  async changed(changes: readonly SnapshotChange<Planned>[]): Promise<void> {
    for (const { kind, change } of changes) {
      // Of competing rows the store may hold one that does not stand.
      if (change.isSame && kind !== 'competing') {
        this.#same++;
        continue;
      }
      const { id } = change.change;
      if (kind === 'competing' && this.#rivals.size <= maxCompeting) {
        this.#rivals.set(id, (this.#rivals.get(id) ?? 0) + 1);
      }
      this.#writer.upsert(change.change);
    }
    await this.#writer.drain();
  }

  async broken(rows: Parameters<ComparedFile['rejectionOf']>[0][]): Promise<void> {
    this.#brokenRows += rows.length;
    for (const row of rows) this.#writer.reject(this.#input.file.rejectionOf(row));
    await this.#writer.drain();
  }

  async removed(keys: readonly (readonly string[])[], held: boolean): Promise<void> {
    for (const key of keys) {
      const id = this.#input.file.idOf(key);
      // A key of which no id can be made was never a record's.
      if (id !== null) this.#writer.delete(id, held);
    }
    await this.#writer.drain();
  }

  progress(progress: SnapshotProgress): void {
    this.#input.onProgress(progress);
  }

  async finish(result: SnapshotResult): Promise<Plan> {
    const { against, guards, notes, noteIfSame, columns } = this.#input;
    const { read, rejected, repeated, unchanged, inserted, updated, competing } = result;
    this.#checkWhole(result);
    const reasons = new Set<string>(result.suspect);
    if (guards.suspicion !== undefined) {
      reasons.delete('too_many_deletes');
      reasons.add(guards.suspicion);
    }
    if (against.kind === 'store') await this.#deleteUnseen(against, reasons);
    if (this.#writer.deletes === 0 && !guards.isEmptyAlwaysSuspect) reasons.delete('empty');
    await this.#writer.close();
    const { competing: settled, dropped, contested } = await this.#settleCompeting();
    const upserts = inserted + updated + competing - this.#same - dropped;
    const isSame = read > 0 && rejected === 0 && upserts === 0 && this.#writer.deletes === 0;
    return await this.#writer.finish(
      {
        counts: {
          read,
          rejected,
          repeated: repeated + dropped,
          unchanged: unchanged + this.#same,
          upserts,
        },
        competing: settled,
        contested: this.#mayStand(unchanged + this.#same) ? contested : undefined,
        voided: voidedBy(result),
        isDoubtful:
          this.#isDoubtful || (against.kind === 'store' && (this.#writer.held > 0 || against.held.unseenNewer > 0)),
        notes: isSame && noteIfSame !== undefined ? [...notes, noteIfSame] : notes,
        columns,
      },
      reasons,
    );
  }

  /** What a file must be as a whole. */
  #checkWhole({ read, rejected }: SnapshotResult): void {
    const { expectedRows, guards } = this.#input;
    if (expectedRows !== undefined && read !== expectedRows) {
      throw refused(`Its manifest says ${expectedRows} rows, it has ${read}.`, this.#writer.errors);
    }
    checkRejects({ read, rejected }, guards, this.#writer.errors);
  }

  /** Records of the source that the snapshot has no row for. */
  async #deleteUnseen(against: StoreSide, reasons: Set<string>): Promise<void> {
    const { held } = against;
    // Their keys are told to the kernel alone: any of these rows may be the one that a record waits for.
    if (this.#brokenRows > 0) reasons.add('unreadable_key');
    if (held.unseen > this.#input.guards.maxDeleteRatio * held.ours) reasons.add('too_many_deletes');
    await this.#writer.deleteUnseen(against, reasons.size > 0);
  }

  /** Whether one of the rows that were passed over may stand: without times of their own, the later rows do. */
  #mayStand(passedOver: number): boolean {
    return this.#input.contested === undefined && this.#hasTimes && passedOver > 0;
  }

  /** The first row of a key was a change like any other, or the same as before: only now is it known that it has rivals. */
  async #settleCompeting(): Promise<Pick<Plan, 'competing' | 'contested'> & { readonly dropped: number }> {
    const rivals = this.#rivals;
    if (rivals.size > maxCompeting) return { competing: [], contested: 'all', dropped: 0 };
    if (rivals.size === 0) return { competing: [], contested: undefined, dropped: 0 };
    const standing = new Map<RecordId, string>();
    let rows = 0;
    for await (const changes of readChanges(this.#blobs, this.#changes)) {
      for (const { id, version } of changes) {
        const more = rivals.get(id);
        if (more === undefined) continue;
        rows++;
        rivals.set(id, more - 1);
        if (version > (standing.get(id) ?? '')) standing.set(id, version);
      }
    }
    const lacking = [...rivals].filter(([, more]) => more === 0).map(([id]) => id);
    const contested = lacking.length === 0 ? undefined : lacking;
    return { competing: [...standing], contested, dropped: rows - standing.size };
  }
}

function isDelete(values: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(values, '_op') && values._op === 'delete';
}

function voidedBy({ baseline, lostRemovals }: SnapshotResult): string | undefined {
  if (typeof baseline === 'object') return baseline.void;
  return baseline === 'used' && lostRemovals > 0 ? 'keys are missing in it' : undefined;
}
