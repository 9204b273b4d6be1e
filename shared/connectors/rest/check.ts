import { AdpError } from '../../errors.ts';
import { type Finding, type HttpAnswer, type Query, tooSlow } from '../connector.ts';
import { type Answered, readAnswer } from './answer.ts';
import { beginRead, rowTimeFormOf } from './begin.ts';
import { type RestEntity, type RestSource, readEntity } from './entity.ts';
import { positionAfter } from './next.ts';
import { toState } from './place.ts';
import type { PullTools } from './pull.ts';
import { requestFor } from './request.ts';
import { checkFields, fieldList, highest, toldText } from './rows.ts';

const usualClockMs = 60_000;

/** What can be said of a source before it is asked. */
function checkTransport({ baseUrl }: RestSource): Finding[] {
  return baseUrl.startsWith('https://')
    ? [{ name: 'tls', level: 'ok', detail: 'Requests travel by https.' }]
    : [
        {
          name: 'tls',
          level: 'warning',
          detail: 'Plain http: whoever is on the way reads the credential and the data.',
        },
      ];
}

/** What can be said of the source, and of each entity in turn. */
export async function check(tools: PullTools, queries: readonly Query[], signal: AbortSignal): Promise<Finding[]> {
  const findings = checkTransport(tools.source);
  for (const [at, query] of queries.entries()) {
    try {
      findings.push(...(await checkEntity(tools, query, signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
      return [...findings, tooSlow(queries.slice(at))];
    }
  }
  return findings;
}

/** Asks for one row where the API lets itself be asked so, else for one page, and says what came. */
async function checkEntity(tools: PullTools, query: Query, signal: AbortSignal): Promise<Finding[]> {
  const { entity: name } = query;
  const find = (found: string, level: Finding['level'], detail: string): Finding => ({
    name: found,
    level,
    detail,
    entity: name,
  });
  try {
    const entity = readEntity(query.settings);
    const state = toState(beginRead(tools.source, query, 'changes', undefined, tools).state);
    const sentMs = tools.clock();
    const request = requestFor(tools.source, entity, { state, position: { kind: 'first' }, limit: 1 });
    const answer = await tools.http.send(request, signal);
    const answeredMs = tools.clock();
    const answered = await readAnswer(answer, entity, tools.readRows, tools.scrub, signal);
    const { length } = answered.rows;
    const asked = `${request.method} ${request.url.pathname}`;
    return [
      find('request', 'ok', `${asked} answered ${answer.status} with ${length === 1 ? 'one row' : `${length} rows`}.`),
      fieldsFinding(find, answered, entity, query),
      ...cursorFindings(find, tools, answered, entity, query),
      ...pagingFindings(find, tools, answer, answered, entity),
      ...clockFindings(find, answer, sentMs, answeredMs),
    ];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AdpError)) throw error;
    return [find('request', 'error', error.message)];
  }
}

type Find = (name: string, level: Finding['level'], detail: string) => Finding;

function fieldsFinding(find: Find, { rows }: Answered, entity: RestEntity, query: Query): Finding {
  const unreadable = rows.find((row) => 'error' in row);
  if (unreadable !== undefined) return find('fields', 'error', `A row can't be read: ${unreadable.error}`);
  try {
    const fields = checkFields(rows, entity, query);
    const missing = query.needed.filter((names) => rows.length > 0 && !names.some((name) => fields.includes(name)));
    const list = `The rows have ${fieldList(fields) || 'not shown themselves'}.`;
    if (missing.length === 0) return find('fields', 'ok', list);
    const lacking = missing.map((names) => names.join(' or ')).join(', ');
    return find('fields', 'warning', `Mapped, but not in the rows seen: ${lacking}. Check their names. ${list}`);
  } catch (error) {
    if (!(error instanceof AdpError)) throw error;
    return find('fields', 'error', error.message);
  }
}

function cursorFindings(find: Find, tools: PullTools, answered: Answered, entity: RestEntity, query: Query): Finding[] {
  const { kind, column } = query.cursor;
  if (column === undefined || (kind !== 'timestamp' && kind !== 'monotonic_id') || answered.rows.length === 0)
    return [];
  const high = highest(answered.rows, query.cursor, rowTimeFormOf(entity, query.zone, tools));
  if (high !== undefined) return [find('cursor', 'ok', `${column} can be read.`)];
  const wanted = kind === 'timestamp' ? 'a time: say incremental.format' : 'a whole number';
  return [find('cursor', 'error', `${column} can't be read as ${wanted}.`)];
}

function pagingFindings(
  find: Find,
  { source }: PullTools,
  answer: HttpAnswer,
  answered: Answered,
  entity: RestEntity,
): Finding[] {
  const { headers, url } = answer;
  const findings: Finding[] = [];
  const total = toldText(entity.total, answered.envelope, headers);
  if (entity.total !== undefined && answered.rows.length > 0) {
    const isNumber = total !== undefined && /^\s*\d+\s*$/.test(total);
    findings.push(
      isNumber
        ? find('total', 'ok', `The API says that there are ${total.trim()} rows.`)
        : find('total', 'warning', 'The API tells no number where total says: complete reads are not checked by it.'),
    );
  }
  const { kind } = entity.pagination;
  if ((kind === 'cursor' || kind === 'next_url' || kind === 'link_header') && answered.rows.length > 0) {
    const leadsOn =
      positionAfter(source, entity, { answered, headers, url, position: { kind: 'first' } }) !== undefined;
    findings.push(
      leadsOn
        ? find('pagination', 'ok', 'The first page leads to another.')
        : find('pagination', 'warning', 'The first page leads to no other: right only where there is no more.'),
    );
  }
  return findings;
}

function clockFindings(find: Find, { headers }: HttpAnswer, sentMs: number, answeredMs: number): Finding[] {
  const date = Date.parse(headers.get('date') ?? '');
  const limits = [...headers].filter(([name]) => /^(?:x-)?rate-?limit/.test(name)).map((field) => field.join(': '));
  const told = limits.length === 0 ? [] : [find('rate limit', 'ok', limits.join('; ').slice(0, 500))];
  if (Number.isNaN(date)) {
    return [
      find(
        'clock',
        'warning',
        'The API tells no Date: its clock counts as ours, so keep the overlap larger than what they differ.',
      ),
      ...told,
    ];
  }
  // Date has whole seconds.
  const offset = date < sentMs - 1_000 ? date - sentMs : Math.max(0, date - answeredMs);
  const seconds = Math.round(offset / 1_000);
  const detail = `The API's clock is ${seconds === 0 ? 'ours' : `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ours`}.`;
  return [find('clock', Math.abs(offset) > usualClockMs ? 'warning' : 'ok', detail), ...told];
}
