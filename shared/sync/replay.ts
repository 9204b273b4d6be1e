import { AdpError } from '../errors.ts';
import type { Mapper } from '../mapping/compile.ts';
import type { Change } from '../model/change.ts';
import { entities } from '../model/entities.ts';
import type { Run } from '../model/run.ts';
import { type IngestDeps, type Ingested, type InputRow, ingest } from './ingest.ts';
import type { Chunk, QuarantinedRow } from './quarantined.ts';
import { type RunDeps, runWork } from './runWork.ts';

export interface ReplayDeps extends RunDeps, IngestDeps {
  /** These rows were replayed; twice is harmless. */
  readonly markDone: (chunk: Chunk, positions: Iterable<number>) => Promise<void>;
  /** Today's mapping of the source that a row came from. */
  readonly mapperOf: (chunk: Chunk) => Promise<Mapper>;
}

/**
 * Sends rows of one chunk again, as a run of their own, with today's mapping and the versions that they had: what is
 * newer stands. Rows that fail again are quarantined under the new run; either way they are done here once the queue has
 * accepted. A crash before that replays them twice, which changes nothing.
 * @returns undefined where there is nothing left to replay
 */
export async function replay(chunk: Chunk, positions: ReadonlySet<number>, deps: ReplayDeps): Promise<Run | undefined> {
  const rows = [...chunk.rows.entries()].filter(([i]) => positions.has(i) && !chunk.done.has(i));
  if (rows.length === 0) return undefined;
  const { dealerId, entity, sourceId } = chunk;
  const { run } = await runWork({ dealerId, entity, sourceId, door: 'push' }, deps, (opened) =>
    chunk.stage === 'ingest' ? ingestAgain(chunk, rows, opened, deps) : deliverAgain(chunk, rows, opened, deps),
  );
  await deps.markDone(
    chunk,
    rows.map(([i]) => i),
  );
  return run;
}

type Numbered = [number, QuarantinedRow];

async function ingestAgain(chunk: Chunk, rows: Numbered[], run: Run, deps: ReplayDeps): Promise<Ingested> {
  const inputs = rows.flatMap(([, { given }]): InputRow[] => ('input' in given ? [given.input] : []));
  const { epoch, captured } = chunk;
  // To count them as replayed would be to lose them.
  if (captured === null) throw new AdpError('INTERNAL', 'Quarantined rows of a door have no stamp.');
  const { runId } = run;
  const { dealerId, entity, sourceId } = chunk;
  const mapper = await deps.mapperOf(chunk);
  return await ingest([inputs], { runId, attempt: 1, dealerId, entity, sourceId, epoch, captured, mapper }, deps);
}

async function deliverAgain(chunk: Chunk, rows: Numbered[], run: Run, deps: ReplayDeps): Promise<Ingested> {
  const changes = rows.flatMap(([, { given }]): Change[] => ('change' in given ? [given.change] : []));
  const heading = {
    run_id: run.runId,
    attempt: 1,
    seq: 0,
    dealer_id: chunk.dealerId,
    entity: chunk.entity,
    source_id: chunk.sourceId,
    schema_version: entities[chunk.entity].schemaVersion,
  };
  const messages = await deps.deliver(heading, changes);
  return { counts: countsOf(changes), messages, errors: [] };
}

function countsOf(changes: readonly Change[]): Ingested['counts'] {
  const deletes = changes.filter((change) => change.op === 'delete').length;
  return {
    read: changes.length,
    rejected: 0,
    repeated: 0,
    unchanged: 0,
    upserts: changes.length - deletes,
    deletes,
    deleteRows: deletes,
  };
}
