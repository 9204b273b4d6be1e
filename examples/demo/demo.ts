import path from 'node:path';
import type { HubClient } from '../../cli/client.ts';
import { applyItems } from '../../cli/configuration/applyItems.ts';
import type { Item, JsonObject } from '../../cli/configuration/configuration.ts';
import { isObject } from '../../cli/configuration/parseFile.ts';
import { readFiles } from '../../cli/configuration/readFiles.ts';
import { formatCount, formatSeconds, type Output, plural } from '../../cli/output.ts';
import { AdpError } from '../../shared/errors.ts';
import { cascadeChangedStock } from '../adventure-works/dealers/cascadeCycles.ts';
import { allDeliveries } from '../adventure-works/deliveries.ts';
import type { Delivery } from '../adventure-works/delivery.ts';
import type { AdventureWorks } from '../adventure-works/tables.ts';
import { type PushedArrival, pushDelivery, type Taken, waitUntilWritten } from './bringIn.ts';
import { type Expectation, findProblems } from './expectation.ts';
import { writeExport } from './exports.ts';
import { countRecords } from './readRecords.ts';
import { showArrivals, showReceipts, showRefusedRows } from './report.ts';

export interface Demo {
  readonly hub: HubClient;
  readonly output: Output;
  readonly tables: AdventureWorks;
  /** The configuration file. */
  readonly configuration: string;
  /** Where the dealers' files are written. */
  readonly exports: string;
  /** The folder in which the hub looks for files. */
  readonly shares: string;
}

/**
 * @param settings what of a source's settings is known only now, by `{dealer}/{source}`
 * @throws AdpError with the reasons when the hub refuses a part of it
 */
export async function applyConfiguration(
  { hub, output, configuration }: Demo,
  settings: ReadonlyMap<string, JsonObject>,
): Promise<void> {
  const items = (await readFiles([configuration], process.cwd())).map((item) => withSettings(item, settings));
  const applied = await applyItems(hub, items);
  const failed = applied.flatMap((each) => (each.outcome === 'failed' ? [each.reason] : []));
  if (failed.length > 0) throw new AdpError('CONFIG_ERROR', failed.join('\n'));
  const counts = Map.groupBy(applied, ({ plan }) => plan.item.kind);
  const text = [...counts].map(([kind, items]) => plural(items.length, kind)).join(', ');
  output.line(`Applied ${path.relative(process.cwd(), configuration)}: ${text}.`);
}

function withSettings(item: Item, settings: ReadonlyMap<string, JsonObject>): Item {
  const more = settings.get(item.name);
  if (more === undefined) return item;
  const own = item.wanted.settings;
  return { ...item, wanted: { ...item.wanted, settings: { ...(isObject(own) ? own : {}), ...more } } };
}

/** Everything that the dealers' systems hold comes in. What is otherwise than it should be, in sentences. */
export async function bringEverythingIn(demo: Demo): Promise<string[]> {
  const { output } = demo;
  const deliveries = allDeliveries(demo.tables);
  const dealers = [...Map.groupBy(deliveries, ({ dealer }) => dealer).values()];
  output.line();
  output.line(output.style.bold(`What ${dealers.length} dealers' systems push`));
  const started = Date.now();
  const taken = await pushAll(demo, dealers);
  const arrivals = await waitFor(demo, taken);
  const rows = arrivals.reduce((sum, { receipt }) => sum + receipt.read, 0);
  const milliseconds = Date.now() - started;
  const rate = formatCount(Math.round((rows * 1000) / milliseconds));
  output.line(`${plural(rows, 'row')} read and written within ${formatSeconds(milliseconds)}: ${rate} rows/s.`);
  const held = await countAll(demo, arrivals);
  output.line();
  output.line(output.style.bold('What arrived'));
  showArrivals(output, arrivals, held);
  output.line();
  output.line(output.style.bold('The receipts'));
  showReceipts(output, arrivals);
  output.line();
  output.line(output.style.bold('Rows that could not be taken: they wait in quarantine'));
  showRefusedRows(output, arrivals);
  return arrivals.flatMap((arrival, index) => findProblems(arrival, held[index] ?? 0, atFirst(arrival.delivery)));
}

/** A later batch of one dealer: some rows changed, some the same, one deleted. What is otherwise than it should be. */
export async function bringChangesIn(demo: Demo): Promise<string[]> {
  const { hub, output } = demo;
  const { delivery, updated, unchanged, deleted } = cascadeChangedStock(demo.tables);
  const before = await countRecords(hub, delivery.dealer, delivery.entity);
  output.line();
  output.line(
    output.style.bold(
      `Later, a batch of ${plural(delivery.rows, 'row')}: ${updated} changed, ${unchanged} as before, ${deleted} deleted`,
    ),
  );
  const taken = await pushAll(demo, [[delivery]]);
  const arrivals = await waitFor(demo, taken);
  const held = await countAll(demo, arrivals);
  output.line();
  showArrivals(output, arrivals, held);
  showReceipts(output, arrivals);
  const expected = { inserted: 0, updated, unchanged, deleted, waiting: 0, rejected: 0, held: before - deleted };
  return arrivals.flatMap((arrival, index) => findProblems(arrival, held[index] ?? 0, expected));
}

/** Into an empty store: every good row becomes a record. */
function atFirst({ rows, bad }: Delivery): Expectation {
  const good = rows - bad;
  return { inserted: good, updated: 0, unchanged: 0, deleted: 0, waiting: 0, rejected: bad, held: good };
}

/** Each dealer pushes one file after another, all dealers at once. */
async function pushAll(demo: Demo, dealers: readonly (readonly Delivery[])[]): Promise<Taken[]> {
  const { hub, output } = demo;
  const progress = output.progress();
  const rowsBy = new Map<string, number>();
  const pushOne = async (delivery: Delivery): Promise<Taken> => {
    const file = await writeExport(demo.exports, delivery);
    const taken = await pushDelivery(hub, delivery, file, (rows) => {
      rowsBy.set(`${delivery.dealer}/${delivery.file}`, rows);
      const sum = [...rowsBy.values()].reduce((total, each) => total + each, 0);
      progress.show(`  ${plural(sum, 'row')} pushed, now ${delivery.dealer} ${delivery.entity}`);
    });
    progress.clear();
    const cells = [delivery.dealer.padEnd(14), delivery.file.padEnd(22), formatCount(delivery.rows).padStart(6)];
    output.line(`  ${cells.join('  ')} rows  ${formatSeconds(taken.milliseconds).padStart(6)}`);
    return taken;
  };
  const all = await Promise.all(
    dealers.map(async (deliveries) => {
      const taken: Taken[] = [];
      for (const delivery of deliveries) taken.push(await pushOne(delivery));
      return taken;
    }),
  );
  return all.flat();
}

async function waitFor({ hub, output }: Demo, taken: readonly Taken[]): Promise<PushedArrival[]> {
  const progress = output.progress();
  const arrivals = await waitUntilWritten(hub, taken, (open) => progress.show(`  ${plural(open, 'run')} still open`));
  progress.clear();
  return arrivals;
}

async function countAll({ hub, output }: Demo, arrivals: readonly PushedArrival[]): Promise<number[]> {
  const progress = output.progress();
  const counts: number[] = [];
  for (const { delivery } of arrivals) {
    progress.show(`  counting ${delivery.dealer} ${delivery.entity} in the store`);
    counts.push(await countRecords(hub, delivery.dealer, delivery.entity));
  }
  progress.clear();
  return counts;
}
