import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AdpError } from '../../shared/errors.ts';
import { namePattern } from '../../shared/sources/dealer.ts';
import { listItems } from '../answers/list.ts';
import { parseRun, type Run } from '../answers/run.ts';
import type { HubClient } from '../client.ts';
import type { Command, Invocation } from '../command.ts';
import { pathOf } from '../paths.ts';
import { findStack } from '../stackFile.ts';
import { usageError } from '../usageError.ts';
import { waitForRun } from '../waitForRun.ts';
import { showRun } from './run.ts';

/** Shares are scanned each minute, and a file must look the same twice; beyond this, the scan is in trouble. */
const longestWaitForRun = 5 * 60_000;
const pause = 500;
/** Runs in which the file's is looked for: newest first. */
const newestRuns = 200;

export const drop: Command = {
  name: 'drop',
  summary: "Drop a file into a dealer's folder, as a DMS does, and wait for its run",
  details: [
    'Copies the file into the share that the hub scans: the folder that ADP_SHARES names, else that of the local stack.',
    'The name says what it is: {dealer}_{entity}.csv is a full snapshot, {dealer}_{entity}_2026_01_31_12_00_00.csv a delta;',
    'a source may know other names. A manifest goes along if it lies beside the file: {file}.manifest.json.',
  ].join('\n'),
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'FILE', takes: 'one', help: 'the file' },
  ],
  options: {
    as: { kind: 'text', value: 'NAME', help: 'the name that it gets (default: its own), with folders if need be' },
    'no-wait': { kind: 'flag', help: "return as soon as it lies in the dealer's folder" },
  },
  examples: ['adp drop acme acme_part_stock.csv', 'adp drop acme export.csv --as acme_part_2026_01_31_12_00_00.csv'],
  async run(invocation) {
    const { args, hub, output } = invocation;
    const dealer = args.one('DEALER');
    // It becomes a folder's name.
    if (!new RegExp(namePattern).test(dealer)) {
      throw usageError(`"${dealer}" can't be a dealer's id: 2 to 63 of a-z, 0-9, _ and -, a letter or digit first`);
    }
    const file = path.resolve(invocation.cwd, args.one('FILE'));
    const name = args.text('as') ?? path.basename(file);
    if (name.split(/[/\\]/).some((part) => part === '' || part.startsWith('.'))) {
      throw usageError(`"${name}" can't be the name of a drop: no part of it may be empty or begin with a dot`);
    }
    const shares = await findShares(invocation);
    const dropped = `${dealer}/${name.replaceAll('\\', '/')}`;
    const before = args.flag('no-wait') ? new Set<string>() : await runsOf(hub, dealer, dropped).then(idsOf);
    await copyInto(shares, dropped, file);
    if (args.flag('no-wait')) {
      if (output.json) output.data({ path: dropped });
      else output.line(`${dropped} lies in the share`);
      return true;
    }
    const progress = output.progress();
    progress.show(`waiting for the hub to take ${dropped}`);
    const begun = await newRun(hub, dealer, dropped, before);
    const run = await waitForRun(hub, begun.run_id, ({ receipt }) =>
      progress.show(`running: ${receipt.read} rows read`),
    );
    progress.clear();
    if (output.json) output.data(run);
    else showRun(invocation, run);
    return run.status === 'succeeded';
  },
};

/** The folder that the hub scans. @throws AdpError CONFIG_ERROR that says what to do where none is known */
async function findShares({ env, cwd }: Invocation): Promise<string> {
  if (env.ADP_SHARES) return env.ADP_SHARES;
  const stack = env.ADP_URL ? undefined : await findStack(cwd);
  const shares = stack?.content.shares;
  if (typeof shares === 'string') return shares;
  const remedy =
    'set ADP_SHARES to the folder that it scans (a mounted share), or upload to its blob container "drops"';
  throw new AdpError('CONFIG_ERROR', `this hub is not on this machine, and takes no files over HTTP: ${remedy}`);
}

/** In one step, its manifest first, so that the hub never sees half of it. */
async function copyInto(shares: string, dropped: string, file: string): Promise<void> {
  const facts = await stat(file).catch(() => undefined);
  if (facts?.isFile() !== true) throw new AdpError('CONFIG_ERROR', `${file} is no file that can be read`);
  const target = path.join(shares, dropped);
  await mkdir(path.dirname(target), { recursive: true });
  const drafts = [`${target}`, `${target}.manifest.json`].map((to) => ({
    from: to === target ? file : `${file}.manifest.json`,
    draft: path.join(path.dirname(to), `.${path.basename(to)}.${process.pid}`),
    to,
  }));
  try {
    const made = [];
    for (const one of drafts) {
      if (one.to !== target && (await stat(one.from).catch(() => undefined)) === undefined) continue;
      await copyFile(one.from, one.draft);
      made.push(one);
    }
    for (const { draft, to } of made.reverse()) await rename(draft, to);
  } finally {
    for (const { draft } of drafts) await rm(draft, { force: true });
  }
}

async function newRun(hub: HubClient, dealer: string, dropped: string, before: ReadonlySet<string>): Promise<Run> {
  for (let waited = 0; waited < longestWaitForRun; waited += pause) {
    const run = (await runsOf(hub, dealer, dropped)).find(({ run_id }) => !before.has(run_id));
    if (run !== undefined) return run;
    await hub.sleep(pause);
  }
  const why = `no run of ${dropped} began within ${longestWaitForRun / 60_000} minutes`;
  throw new AdpError('NETWORK_ERROR', `${why}: does the hub scan this share, or does its source wait for a manifest?`);
}

async function runsOf(hub: HubClient, dealer: string, dropped: string): Promise<Run[]> {
  const runs = await Array.fromAsync(listItems(hub, pathOf('dealers', dealer, 'runs'), {}, parseRun, newestRuns));
  return runs.filter(({ file }) => file?.path === dropped);
}

function idsOf(runs: readonly Run[]): Set<string> {
  return new Set(runs.map(({ run_id }) => run_id));
}
