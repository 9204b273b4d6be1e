import { parseCheck, parseStatus } from '../../cli/answers/source.ts';
import { pathOf } from '../../cli/paths.ts';
import type { ExpectedPoll, PolledSystem, Round } from '../adventure-works/polled.ts';
import type { Demo } from './demo.ts';
import { type Expectation, findProblems } from './expectation.ts';
import { findDifferences, NaiveStore } from './naiveStore.ts';
import { pollOnce } from './polls.ts';
import { readRecords } from './readRecords.ts';
import { showArrivals, showReceipts } from './report.ts';

/** Dealers whose systems are asked: what each holds, what changed, and only that. What is otherwise than it should be. */
export async function pollSystems(demo: Demo, systems: readonly PolledSystem[]): Promise<string[]> {
  const problems: string[] = [];
  for (const system of systems) problems.push(...(await pollSystem(demo, system)));
  return problems;
}

async function pollSystem(demo: Demo, system: PolledSystem): Promise<string[]> {
  const { output } = demo;
  output.line();
  output.line(output.style.bold(`${system.dealer} is polled: ${system.title}`));
  const problems = await checkSystem(demo, system);
  const store = new NaiveStore();
  for await (const round of system.rounds()) problems.push(...(await takeRound(demo, system, round, store)));
  await showStatus(demo, system);
  return problems;
}

/** What `adp check` says, in short: how much is well, and what isn't. */
async function checkSystem({ hub, output }: Demo, { dealer, source }: PolledSystem): Promise<string[]> {
  const { body } = await hub.post(pathOf('admin', 'dealers', dealer, 'sources', source, 'check'));
  const { ok, findings } = parseCheck(body);
  const well = findings.filter(({ level }) => level === 'ok');
  output.line(`  npx adp check ${dealer} ${source}: ${well.length} findings are well (${namesOf(well)})`);
  const others = findings.filter(({ level }) => level !== 'ok');
  for (const { level, entity = '', detail } of others) output.line(`  ${level}: ${entity} ${detail}`);
  return ok ? [] : [`${dealer}/${source}: the check found errors`];
}

function namesOf(findings: readonly { readonly name: string }[]): string {
  return [...new Set(findings.map(({ name }) => name))].join(', ');
}

async function takeRound(demo: Demo, system: PolledSystem, round: Round, store: NaiveStore): Promise<string[]> {
  const { hub, output } = demo;
  output.line();
  output.line(output.style.bold(round.story));
  const progress = output.progress();
  const arrivals = await pollOnce(hub, system, round, (text) => progress.show(text));

  const problems: string[] = [];
  const held: number[] = [];
  for (const [index, poll] of round.polls.entries()) {
    progress.show(`  comparing ${poll.entity} with the store`);
    const expected = expectationOf(poll, round, store);
    const records = await readRecords(hub, system.dealer, poll.entity);
    held.push(records.size);
    const arrival = arrivals[index];
    if (arrival !== undefined) problems.push(...findProblems(arrival, records.size, expected));
    problems.push(...findDifferences(`${system.dealer} ${poll.what}`, records, poll.records));
  }
  progress.clear();
  showArrivals(output, arrivals, held);
  showReceipts(output, arrivals);
  return problems;
}

/** Rows that were read and are neither new nor other nor gone were held as they are. */
function expectationOf(
  { entity, rows, goneRows = 0, records }: ExpectedPoll,
  round: Round,
  store: NaiveStore,
): Expectation {
  const said = { entity, kind: 'full', records, deletes: [], isCut: false, bad: 0 } as const;
  const expected = store.take(said);
  const { inserted, updated } = expected;
  // Keys are compared with what is held, and nothing else is.
  return { ...expected, unchanged: round.mode === 'keys' ? rows : rows - goneRows - inserted - updated };
}

/** What `adp status` says, in short. */
async function showStatus({ hub, output }: Demo, { dealer, source }: PolledSystem): Promise<void> {
  const { body } = await hub.get(pathOf('admin', 'dealers', dealer, 'sources', source, 'status'));
  const { parked, last_success, next_run } = parseStatus(body);
  const state = parked === null ? `last success ${last_success ?? 'never'}` : `parked: ${parked.detail}`;
  output.line();
  output.line(`  npx adp status ${dealer} ${source}: ${state}, next run ${next_run ?? 'never'}`);
}
