import { listItems } from '../answers/list.ts';
import { parseListedSource, parseStatus, type SourceStatus } from '../answers/source.ts';
import type { HubClient } from '../client.ts';
import type { Command } from '../command.ts';
import { formatCount, type Output } from '../output.ts';
import { pathOf } from '../paths.ts';
import { alignLeft } from '../table.ts';

/** Connectors of sources that wait for what comes: there is nothing to poll. */
const waiting: ReadonlySet<string> = new Set(['push', 'file', 'webhook']);
const mostSources = 10_000;

export const status: Command = {
  name: 'status',
  summary: 'Show how the sources are doing that are polled',
  details:
    'Last success, last error and what to do about it, whether it is parked, its cursors, and when it is next due.',
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'SOURCE', takes: 'optional', help: 'one source, with its entities; without it all that are polled' },
  ],
  options: {},
  examples: ['adp status acme', 'adp status acme dms'],
  async run({ args, hub, output }) {
    const dealer = args.one('DEALER');
    const source = args.optional('SOURCE');
    const ids = source === undefined ? await listPolled(hub, dealer) : [source];
    const all: SourceStatus[] = [];
    for (const id of ids) {
      const { body } = await hub.get(pathOf('admin', 'dealers', dealer, 'sources', id, 'status'));
      all.push(parseStatus(body));
    }
    const [first] = all;
    if (output.json) output.data(source === undefined ? all : first);
    else if (first === undefined) output.line(`no source of ${dealer} is polled`);
    else if (source === undefined) showAll(output, all);
    else showOne(output, first);
    // One that is disabled waits for nobody.
    return all.every(({ parked, enabled }) => parked === null || enabled === false);
  },
};

async function listPolled(hub: HubClient, dealer: string): Promise<string[]> {
  const ids: string[] = [];
  const path = pathOf('admin', 'dealers', dealer, 'sources');
  for await (const { source_id, connector } of listItems(hub, path, {}, parseListedSource, mostSources)) {
    if (!waiting.has(connector)) ids.push(source_id);
  }
  return ids;
}

function showAll(output: Output, all: readonly SourceStatus[]): void {
  output.table(
    [
      { title: 'source' },
      { title: 'state' },
      { title: 'last success' },
      { title: 'next run' },
      { title: 'last error', shrinks: true },
    ],
    all.map((one) => [
      one.source_id,
      stateOf(output, one),
      timeOf(one.last_success),
      timeOf(one.next_run),
      one.last_error === null ? '' : `${one.last_error.code ?? ''} ${one.last_error.detail ?? ''}`,
    ]),
  );
}

function showOne(output: Output, one: SourceStatus): void {
  const { parked, last_error: error, breaker } = one;
  const isOver = error !== null && !isFailing(one);
  const facts = [
    ['source', one.source_id],
    ['state', stateOf(output, one)],
    ['last success', timeOf(one.last_success)],
    ['next run', timeOf(one.next_run)],
    ...(breaker.state === 'closed' ? [] : [['left alone until', timeOf(breaker.until ?? null)]]),
    ...(error === null
      ? []
      : [[isOver ? 'an earlier error' : 'last error', `${timeOf(error.at ?? null)}  ${error.code}  ${error.detail}`]]),
    ...(parked === null && (error === null || isOver) ? [] : [['what to do', parked?.advice ?? error?.advice ?? '']]),
  ];
  for (const line of alignLeft(facts)) output.line(line);
  output.line();
  output.table(
    [
      { title: 'entity' },
      { title: 'mode' },
      { title: 'last read' },
      { title: 'outcome' },
      { title: 'rows', align: 'right' },
      { title: 'cursor' },
    ],
    Object.entries(one.entities).flatMap(([entity, { cursor, reading, reads }]) => {
      const rows = Object.entries(reads).map(([mode, { at, outcome, code, counts }]) => [
        entity,
        mode,
        timeOf(at),
        code === undefined ? outcome : `${outcome}: ${code}`,
        counts?.read === undefined ? '' : formatCount(counts.read),
        mode === 'changes' ? cursorText(cursor) : '',
      ]);
      const isUnderWay = parked === null && breaker.state !== 'open';
      const now = isUnderWay ? ['now', 'reading'] : ['–', 'cut off'];
      const open = reading === null ? [] : [[entity, '', ...now, formatCount(reading.rows ?? 0), '']];
      return rows.length + open.length === 0 ? [[entity, '', 'never', '', '', cursorText(cursor)]] : [...rows, ...open];
    }),
  );
}

function stateOf({ style }: Output, one: SourceStatus): string {
  const { enabled, parked, breaker, last_success } = one;
  if (enabled === false) return 'disabled';
  if (parked !== null) return style.bad('parked');
  if (breaker.state !== 'closed') return style.bad(breaker.state === 'open' ? 'left alone' : 'on trial');
  if (isFailing(one)) return style.bad('failing');
  return last_success === null ? 'new' : style.good('well');
}

/** True where the last poll ended in an error. */
function isFailing({ last_success, last_error }: SourceStatus): boolean {
  return last_error !== null && (last_success === null || (last_error.at ?? '') > last_success);
}

/** What a person wants to know of a cursor: an API's is JSON, of which the rest is for the hub. */
function cursorText(cursor: string | null): string {
  const [, told] = /^\{"(?:at|token|id)":"([^"\\]*)"/.exec(cursor ?? '') ?? [];
  return told ?? cursor ?? '';
}

function timeOf(time: string | null): string {
  return time === null ? '–' : time.replace(/\.\d+Z$/, 'Z');
}
