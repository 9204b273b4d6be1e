import { AdpError } from '../../errors.ts';
import type { Connection, PulledPage, Query, Read, ReadMode } from '../connector.ts';
import { begin, type Times } from './bounds.ts';
import { check } from './check.ts';
import type { Dialect, Relation, Target } from './dialect.ts';
import { guarded } from './guard.ts';
import type { Line } from './line.ts';
import { makePlan, type Plan } from './plan.ts';
import { pullPage } from './pull.ts';
import type { Session } from './session.ts';
import { type EntitySettings, readEntitySettings, type SourceSettings } from './settings.ts';
import { toPlace, toState } from './state.ts';
import { noSuch, targetOf } from './target.ts';

/** How long what the catalogue said is taken as true between pages: a table that is altered is noticed by its errors too. */
const catalogueMs = 10_000;

export interface SqlParts {
  readonly dialect: Dialect;
  readonly session: Session;
  readonly line: Line;
  readonly settings: SourceSettings;
  readonly tools: Times;
  /** What no error may hold: the connection string, the password. */
  readonly secrets: readonly string[];
}

/** A database that is open: what all of them do in the same way, over what a dialect knows of one. */
export function sqlConnection({ dialect, session: raw, line, settings, tools, secrets }: SqlParts): Connection {
  const session = guarded(raw, dialect, secrets);
  const known = new Map<string, { readonly relation: Relation; readonly until: number }>();

  async function describe(target: Target, signal: AbortSignal): Promise<Relation> {
    const relation = await dialect.describe(session, target, signal);
    if (relation === undefined) throw noSuch(target);
    known.set(JSON.stringify(target), { relation, until: tools.clock() + catalogueMs });
    return relation;
  }

  async function relationOf(entity: EntitySettings, signal: AbortSignal): Promise<Relation> {
    const target = targetOf(entity, settings);
    const found = known.get(JSON.stringify(target));
    return found !== undefined && tools.clock() < found.until ? found.relation : describe(target, signal);
  }

  const planOf = (query: Query, mode: ReadMode, entity: EntitySettings, relation: Relation): Plan =>
    makePlan({ dialect, session, query, settings: entity, relation }, mode);

  return {
    check: (queries, signal) => check({ dialect, session, line, settings, times: tools }, queries, signal),

    async begin(query, mode, cursor, signal): Promise<Read> {
      const entity = readEntitySettings(query.settings);
      const plan = planOf(query, mode, entity, await describe(targetOf(entity, settings), signal));
      return begin(plan, mode, cursor, tools, signal);
    },

    async pull(query, read, place, maxRows, signal): Promise<PulledPage> {
      const entity = readEntitySettings(query.settings);
      try {
        const relation = await relationOf(entity, signal);
        const plan = planOf(query, read.mode, entity, relation);
        const limit = Math.min(maxRows, settings.pageRows);
        const page = await pullState(plan, read, place, limit, signal);
        return {
          ...page,
          rows: read.mode === 'keys' ? page.rows.filter(isThere) : page.rows,
          ...(place === undefined ? { columns: relation.columns.map(({ name }) => name) } : {}),
        };
      } catch (error) {
        known.clear();
        throw error;
      }
    },

    close: () => session.close(),
  };
}

function pullState(
  plan: Plan,
  read: Read,
  place: Parameters<Connection['pull']>[2],
  maxRows: number,
  signal: AbortSignal,
): Promise<PulledPage> {
  const state = toState(read.state);
  if (state.reads !== 'own') return pullPage(plan, state, toPlace(place), maxRows, signal);
  const own = plan.dialect.ownCursors?.[plan.query.cursor.kind];
  if (own === undefined) {
    throw new AdpError('CONFIG_ERROR', 'The cursor was changed while a read was under way: trigger the source again.');
  }
  return own.page(plan, state.own, place, maxRows, signal);
}

/** A row that says itself that it is deleted counts as gone for a sweep of keys. */
function isThere(row: PulledPage['rows'][number]): boolean {
  return !('values' in row) || row.values._op !== 'delete';
}
