import type { PulledPage } from '../../connectors/connector.ts';
import { addCounts, maxErrorsShown } from '../../model/run.ts';
import type { Ingested } from '../ingest.ts';
import { describeNewColumns } from '../newColumns.ts';
import { type ClaimedState, withMessages } from './claim.ts';
import { keepRejects } from './knownRejects.ts';

/** What became of a page's rows, and which of them were rejected. */
export interface TakenRows extends Ingested {
  readonly rejects: readonly string[];
}

/** How often a run says how far it is. */
const noteEveryMs = 10_000;
const maxNotes = 20;

/**
 * The state that records a page: its rows were accepted by the queue, or staged.
 * @param claimed under which they were delivered
 * @param isNextClaimed the next page is claimed at once, for who finds it read ahead
 */
export function afterPage(
  claimed: ClaimedState,
  pulled: PulledPage,
  taken: TakenRows,
  isNextClaimed: boolean,
  now: number,
): ClaimedState {
  const { place, ...before } = claimed.reading;
  const counts = addCounts(before.counts, taken.counts);
  const isDone = pulled.next === undefined;
  const total = pulled.total ?? before.total;
  const isUnchanged = pulled.unchanged === true && counts.read === 0;
  const suspicion = isDone && !isUnchanged ? suspicionOf(claimed, before.rowsBefore + counts.read, total) : undefined;
  const to = suspicion === undefined ? pulled.cursor : undefined;
  const added = describeNewColumns('the source', claimed.columns, pulled.columns);
  const notes = [...before.notes, ...(pulled.notes ?? []), ...(added === undefined ? [] : [added])];
  return {
    ...claimed,
    cursor: pulled.forgotten === true ? undefined : (to ?? claimed.cursor),
    columns: pulled.columns ?? claimed.columns,
    hasHadRows: claimed.hasHadRows || counts.read > 0,
    rejects: keepRejects(claimed.rejects, taken.rejects),
    reading: {
      ...before,
      place: pulled.next,
      pages: before.pages + 1,
      isClaimed: isNextClaimed,
      counts,
      segments: withMessages(claimed.reading, taken.messages),
      errors: [...before.errors, ...taken.errors].slice(0, maxErrorsShown),
      notes: [...new Set(notes)].slice(0, maxNotes),
      ...(total === undefined ? {} : { total }),
      isDone,
      ...(isUnchanged ? { isUnchanged } : {}),
      ...(suspicion === undefined ? {} : { suspicion }),
      ...(to === undefined ? {} : { to }),
      notedAt: now - before.notedAt >= noteEveryMs ? now : before.notedAt,
    },
  };
}

/** Why what was read can hardly be all. A complete read without rows is the diff's to judge: it knows what is held. */
function suspicionOf(
  { reading: { read }, cursor, hasHadRows }: ClaimedState,
  rows: number,
  total: number | undefined,
): string | undefined {
  if (total !== undefined && rows < total) {
    return `The source says that it has ${total} rows, but gave ${rows}: the cursor stays, so that they are read again.`;
  }
  const isWhole = read.mode === 'changes' && (read.isBackfill || cursor === undefined);
  return rows === 0 && isWhole && hasHadRows
    ? 'Nothing was read, though there were rows before: is the source complete? Nothing was deleted, and the cursor stays.'
    : undefined;
}
