import path from 'node:path';
import { compileMapper, type Mapper } from '../../shared/mapping/compile.ts';
import { type EntityName, entities, isEntityName } from '../../shared/model/entities.ts';
import type { SnapshotChange, SnapshotResult } from '../../shared/snapshot/snapshot.ts';
import { listItems } from '../answers/list.ts';
import { parseRecord } from '../answers/record.ts';
import type { Arguments } from '../arguments.ts';
import { toPlain } from '../cellText.ts';
import type { Invocation } from '../command.ts';
import { formatCount, formatSeconds, type Output, plural } from '../output.ts';
import { pathOf } from '../paths.ts';
import { usageError } from '../usageError.ts';
import { type ComparisonProgress, compareFiles } from './compareFiles.ts';
import { compareStore } from './compareStore.ts';
import type { ChangedRow, RefusedRow } from './compareWith.ts';
import { keyMapper } from './keyMapper.ts';
import { dealerZone, sourceMapping } from './sourceMapper.ts';

/** `adp diff`: true where every row could be read. */
export async function runDiff(invocation: Invocation): Promise<boolean> {
  const { args, output, cwd } = invocation;
  const started = performance.now();
  const told = tell(args, output);
  const store = args.text('against-store');
  const result =
    store === undefined
      ? await compareFiles({ ...told, ...filesOf(args, cwd) })
      : await compareStore({ ...told, ...(await storeOf(store, invocation)) });
  told.end();
  report(output, result, performance.now() - started);
  return result.rejected === 0;
}

/** Shows what is found, as it is found. */
function tell(args: Arguments, output: Output) {
  const isSilent = args.flag('summary');
  const progress = output.progress();
  const print = (sign: string, value: object, text: () => string): void => {
    if (isSilent) return;
    output.line(output.json ? JSON.stringify({ change: sign, ...value }) : `${signs[sign]} ${text()}`);
  };
  let refused = 0;
  return {
    changed(changes: readonly SnapshotChange<ChangedRow>[]) {
      progress.clear();
      for (const { kind, change } of changes) {
        const values = toPlain(change.values);
        print(kind === 'competing' ? 'repeat' : kind, { row: change.row, values }, () => JSON.stringify(values));
      }
    },
    removed(keys: readonly (readonly string[])[]) {
      progress.clear();
      for (const key of keys) print('delete', { key }, () => key.join('  '));
    },
    refused(rows: readonly RefusedRow[]) {
      for (const { row, reason } of rows.slice(0, Math.max(0, mostRefused - refused))) {
        output.note(`row ${row}: ${reason}`);
      }
      refused += rows.length;
    },
    progress({ file, rows, share }: ComparisonProgress) {
      progress.show(`${path.basename(file)}: ${plural(rows, 'row')}, ${Math.round(share * 100)} %`);
    },
    holding(records: number) {
      progress.show(`the hub: ${plural(records, 'record')}`);
    },
    others(count: number) {
      progress.clear();
      output.note(`${plural(count, 'record')} of other sources left out`);
    },
    end() {
      progress.clear();
      if (refused > mostRefused) output.note(`… and ${plural(refused - mostRefused, 'row')} more`);
    },
  };
}

function filesOf(args: Arguments, cwd: string) {
  if (args.text('source') !== undefined) throw usageError('--source belongs to --against-store');
  return {
    before: path.resolve(cwd, args.one('OLD')),
    after: path.resolve(cwd, args.one('NEW')),
    reading: readingOf(args),
    ...mappingOf(args),
  };
}

/** Only here is the hub asked for: all else is done without one. */
async function storeOf(dealer: string, { args, hub, output, cwd, signal }: Invocation) {
  const second = args.optional('NEW');
  if (second !== undefined) throw usageError(`with --against-store there is one file; ${second} is too many`);
  const entity = entityOf(args.text('entity') ?? '');
  const sourceId = args.text('source') ?? null;
  const configured = sourceId === null ? undefined : await sourceMapping(hub, dealer, sourceId, entity);
  const canonical = async () => {
    const zone = await dealerZone(hub, dealer);
    if (zone === undefined)
      output.note('Times without a zone are taken as UTC: this key may not read the dealer’s zone.');
    return compileMapper({ entity, keepUnmapped: false, zone: zone ?? 'UTC' });
  };
  async function* held() {
    const all = Number.POSITIVE_INFINITY;
    for await (const record of listItems(hub, pathOf('dealers', dealer, entity, 'records'), {}, parseRecord, all)) {
      signal.throwIfAborted();
      yield record;
    }
  }
  return {
    file: path.resolve(cwd, args.one('OLD')),
    reading: { ...configured?.options, ...readingOf(args) },
    format: configured?.format,
    mapper: configured?.mapper ?? (await canonical()),
    byContent: true,
    sourceId,
    held: held(),
  };
}

/** Rows whose reasons are shown: of many, the first say what is wrong. */
const mostRefused = 20;

const signs: Readonly<Record<string, string>> = { insert: '+', update: '~', repeat: '~', delete: '-' };

function readingOf(args: Arguments) {
  const delimiter = args.text('delimiter');
  const quote = args.text('quote');
  const encoding = args.text('encoding');
  return {
    ...(delimiter === undefined ? {} : { delimiter: delimiter === '\\t' ? '\t' : delimiter }),
    ...(quote === undefined ? {} : { quote }),
    ...(encoding === undefined ? {} : { encoding }),
  };
}

function mappingOf(args: Arguments): { mapper: Mapper; byContent: boolean } {
  const entity = args.text('entity');
  const key = args.list('key');
  if ((entity === undefined) === (key.length === 0)) {
    throw usageError('adp diff needs either --entity, or --key for each column that makes a row’s key');
  }
  if (entity === undefined) return { mapper: keyMapper(key), byContent: false };
  return { mapper: compileMapper({ entity: entityOf(entity), keepUnmapped: false, zone: 'UTC' }), byContent: true };
}

function entityOf(name: string): EntityName {
  if (isEntityName(name)) return name;
  const there = `there are ${Object.keys(entities).join(', ')}`;
  throw usageError(name === '' ? `--entity is missing; ${there}` : `there is no entity "${name}"; ${there}`);
}

function report(output: Output, result: SnapshotResult, milliseconds: number): void {
  const { read, inserted, updated, removed, unchanged, repeated, competing, rejected, suspect } = result;
  const numbers = { read, inserted, updated, deleted: removed, unchanged, repeated, competing, rejected };
  if (output.json) {
    output.line(JSON.stringify({ summary: { ...numbers, suspect, milliseconds: Math.round(milliseconds) } }));
    return;
  }
  const words = Object.entries(numbers).filter(([name, count]) => count > 0 && name !== 'read');
  const rate = formatCount(Math.round((read * 1000) / Math.max(1, milliseconds)));
  output.line(
    `${plural(read, 'row')}: ${words.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ') || 'nothing'}`,
  );
  output.line(`${formatSeconds(milliseconds)}, ${rate} rows/s`);
  for (const reason of suspect) output.note(doubts[reason]);
}

const doubts: Readonly<Record<SnapshotResult['suspect'][number], string>> = {
  empty: 'The new file has no rows: the hub would hold the deletes for approval.',
  unreadable_key: 'A row has no key that can be read: the hub would hold the deletes for approval.',
  unclosed_quote: 'A quote is never closed: the hub would hold the deletes for approval.',
  too_many_deletes: 'More is gone than may be: the hub would hold the deletes for approval.',
};
