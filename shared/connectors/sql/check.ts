import { AdpError } from '../../errors.ts';
import { type Finding, type Query, tooSlow } from '../connector.ts';
import { type DatabaseClock, latest, readClock, type Times } from './bounds.ts';
import { clockAs, isBeyond } from './cursorValue.ts';
import type { Column, Dialect, Relation } from './dialect.ts';
import { type Line, lineFinding } from './line.ts';
import { makePlan, type Plan } from './plan.ts';
import type { Session } from './session.ts';
import { readEntitySettings, type SourceSettings } from './settings.ts';
import { noSuch, targetOf } from './target.ts';

interface CheckParts {
  readonly dialect: Dialect;
  readonly session: Session;
  readonly line: Line;
  readonly settings: SourceSettings;
  readonly times: Times;
}

/** A greater offset is worth a word; NTP keeps clocks within a fraction of a second. */
const clockToleranceMs = 5_000;
/** Rows without a cursor are counted so far. */
const countedNulls = 1_000;

/**
 * What a person would want to be told before the first poll.
 * @throws the signal's reason where not even the login was answered in time
 */
export async function check(parts: CheckParts, queries: readonly Query[], signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const find: Find = (finding) => findings.push(finding);
  const clock = await attempt(find, 'login', signal, () => readClock(parts, parts.times, signal));
  if (clock === undefined) return findings;
  find({ name: 'login', level: 'ok', detail: 'The database takes the login.' });
  find(lineFinding(parts.line));
  find(clockFinding(clock.ahead));
  const relations: Relation[] = [];
  let done = 0;
  try {
    for (const query of queries) {
      const relation = await checkEntity(
        parts,
        query,
        clock.utc,
        (found) => find({ ...found, entity: query.entity }),
        signal,
      );
      if (relation !== undefined) relations.push(relation);
      done += 1;
    }
    await attempt(find, 'server', signal, async () => {
      (await parts.dialect.check(parts.session, relations, signal)).forEach(find);
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    find(tooSlow(queries.slice(done)));
  }
  return findings;
}

type Find = (finding: Finding) => void;

/** What it reads, where there is such a thing. @throws the signal's reason, having told what it found by then */
async function checkEntity(
  parts: CheckParts,
  query: Query,
  clockUtc: string,
  find: Find,
  signal: AbortSignal,
): Promise<Relation | undefined> {
  const plan = await attempt(find, 'columns', signal, () => planOf(parts, query, signal));
  if (plan === undefined) return undefined;
  relationFindings(plan).forEach(find);
  await attempt(find, 'cursor', signal, () => checkCursor(plan, clockUtc, parts.times, find, signal));
  return plan.relation;
}

async function planOf({ dialect, session, settings }: CheckParts, query: Query, signal: AbortSignal): Promise<Plan> {
  const entity = readEntitySettings(query.settings);
  const target = targetOf(entity, settings);
  const relation = await dialect.describe(session, target, signal);
  if (relation === undefined) throw noSuch(target);
  return makePlan({ dialect, session, query, settings: entity, relation }, 'changes');
}

/** What it answers; where it fails, a finding says why. */
async function attempt<T>(
  find: Find,
  name: string,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (signal.aborted || !(error instanceof AdpError)) throw error;
    const advice = error.code === 'NETWORK_ERROR' ? ' See that it is up, and can be reached from the hub.' : '';
    find({ name, level: 'error', detail: `${error.message}${advice}` });
    return undefined;
  }
}

function clockFinding({ least, most }: DatabaseClock['ahead']): Finding {
  const name = 'clock';
  // What is certain of it, however long the answer took.
  const ahead = Math.max(least, Math.min(0, most));
  if (Math.abs(ahead) < clockToleranceMs) return { name, level: 'ok', detail: `${ahead} ms ahead of ours.` };
  const detail = `The database's clock is ${Math.abs(ahead) / 1_000} s ${ahead > 0 ? 'ahead of' : 'behind'} ours: let it be set by NTP.`;
  return { name, level: 'warning', detail };
}

function relationFindings({ relation, key, isKeyUnique, columns }: Plan): Finding[] {
  const named = key.map(({ name }) => name).join(', ');
  return [
    {
      name: 'columns',
      level: 'ok',
      detail: `Reads ${columns.length} of ${relation.columns.length} columns of ${relation.label}.`,
    },
    rowEstimate(relation),
    isKeyUnique
      ? { name: 'key', level: 'ok', detail: `${named} is unique.` }
      : {
          name: 'key',
          level: 'warning',
          detail: `No unique index of ${relation.label} says that ${named} is different for every row. If it isn't, reads stop and say so.`,
        },
  ];
}

function rowEstimate({ rowEstimate: rows, label }: Relation): Finding {
  const detail = rows === undefined ? `The database has no estimate for ${label}.` : `About ${rows} rows in ${label}.`;
  return { name: 'rows', level: 'ok', detail };
}

async function checkCursor(plan: Plan, clockUtc: string, times: Times, find: Find, signal: AbortSignal): Promise<void> {
  const { relation, query } = plan;
  const own = plan.dialect.ownCursors?.[query.cursor.kind];
  // It fails where the database can't do it, and says what to do.
  await own?.mark(plan, signal);
  const cursor = plan.cursor ?? own?.usualColumn?.(plan);
  if (cursor === undefined) return;
  find(indexFinding(cursor, relation));
  if (cursor.isNullable) find(await nullFinding(plan, cursor, signal));
  if (query.cursor.kind === 'timestamp') {
    const newest = await latest(plan, cursor, undefined, signal);
    const now = clockAs(cursor.kind, clockUtc, times.timeZone(query.zone));
    if (newest !== undefined && isBeyond(cursor.kind, newest, now)) {
      find({
        name: 'cursor time',
        level: 'warning',
        detail: `The newest ${cursor.name} is ${newest}, later than the database's clock (${now}${cursor.kind === 'zoned' ? '' : ` in ${query.zone}`}): look for wrong dates, and whether the source's time_zone is that of the column.`,
      });
    }
  }
}

function indexFinding({ name: column }: Column, { indexed, label }: Relation): Finding {
  const name = 'cursor index';
  if (indexed === undefined) {
    return { name, level: 'ok', detail: `Can't be told of ${label}: see that an index serves ${column}.` };
  }
  if (indexed.includes(column)) return { name, level: 'ok', detail: `${column} is the first column of an index.` };
  const detail = `No index of ${label} begins with ${column}: each poll reads the whole table. Ask for one.`;
  return { name, level: 'warning', detail };
}

async function nullFinding(
  { dialect, session, relation }: Plan,
  column: Column,
  signal: AbortSignal,
): Promise<Finding> {
  const sql = dialect.page({
    select: ['1'],
    from: relation.from,
    where: [`${dialect.quote(column.name)} IS NULL`],
    order: [],
    limit: countedNulls,
  });
  const { rows } = await session.query({ sql, values: [] }, signal);
  const name = 'NULL cursors';
  if (rows.length === 0) return { name, level: 'ok', detail: `Every row has a ${column.name}.` };
  const count = rows.length < countedNulls ? `${rows.length}` : `${countedNulls} or more`;
  const detail = `${count} rows have no ${column.name}: their changes are only found by complete reads. Set cursor.reconcile.`;
  return { name, level: 'warning', detail };
}
