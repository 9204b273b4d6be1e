// npm run demo: a hub on this machine, six dealers' data through it, and a proof that all of it arrived.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { HubClient } from '../cli/client.ts';
import { createOutput, formatSeconds } from '../cli/output.ts';
import { startStack } from '../local/stack.ts';
import { AdpError } from '../shared/errors.ts';
import { startSystems } from './adventure-works/systems.ts';
import { readAdventureWorks } from './adventure-works/tables.ts';
import { applyConfiguration, bringChangesIn, bringEverythingIn } from './demo/demo.ts';
import { bringFilesIn } from './demo/files.ts';
import { pollSystems } from './demo/polled.ts';
import { keepSecrets } from './demo/secrets.ts';
import { serveSystems } from './demo/serveSystems.ts';

const help = `npm run demo: brings six dealers' data into a hub on this machine and shows what arrived

  npm run demo -- --keep      leaves the data and the dealers' files in a folder, and says which
  npm run demo -- --systems   only starts the systems of the dealers that are polled, beside npm start, until Ctrl-C
`;

const examples = path.join(import.meta.dirname, 'adventure-works');
const data = path.join(examples, 'data');
const output = createOutput(process);
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

try {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean' }, systems: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) output.line(help);
  else if (values.systems === true) await serveSystems(output, await readAdventureWorks(data), interrupted.signal);
  else process.exitCode = await runDemo(values.keep === true, interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) {
    output.note('interrupted; everything is cleaned up');
    process.exitCode = 130;
  } else {
    output.note(error instanceof AdpError ? `The demo failed: ${error.message}` : String(error));
    process.exitCode = 1;
  }
}

/** @returns the exit code */
async function runDemo(keep: boolean, signal: AbortSignal): Promise<number> {
  const started = Date.now();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'adp-demo-'));
  try {
    output.line('Starting a hub on this machine: storage, Service Bus, Cosmos DB and the functions, on free ports.');
    await using stack = await startDemoStack(dataDir);
    signal.throwIfAborted();
    output.line(`It answers at ${stack.baseUrl} after ${formatSeconds(Date.now() - started)}.`);
    const demo = {
      hub: new HubClient({ baseUrl: stack.baseUrl, key: stack.adminKey, signal }),
      output,
      tables: await readAdventureWorks(data),
      configuration: path.join(examples, 'hub.yaml'),
      exports: path.join(dataDir, 'exports'),
      shares: stack.sharesDir,
    };
    await using systems = await startSystems({
      tables: demo.tables,
      stackDir: dataDir,
      folder: path.join(dataDir, 'systems'),
    });
    await keepSecrets(stack.settings, systems.all);
    await applyConfiguration(
      demo,
      new Map(systems.all.map((each) => [`${each.dealer}/${each.source}`, each.settings])),
    );
    const problems = [
      ...(await bringEverythingIn(demo)),
      ...(await bringChangesIn(demo)),
      ...(await bringFilesIn(demo)),
      ...(await pollSystems(demo, systems.all)),
    ];
    output.line();
    showOutcome(problems, Date.now() - started);
    showWhereToLook(keep ? dataDir : undefined);
    return problems.length === 0 ? 0 : 1;
  } finally {
    if (!keep) await rm(dataDir, { recursive: true, force: true });
  }
}

async function startDemoStack(dataDir: string) {
  // The demo alone says when its dealers are polled: what a schedule happened to begin meanwhile would be counted, too.
  const settings = { 'AzureWebJobs.startPolls.Disabled': 'true' };
  const stack = await startStack({ dataDir, ports: 'auto', settings });
  return {
    baseUrl: stack.baseUrl,
    adminKey: stack.adminKey,
    settings: stack.settings,
    sharesDir: stack.sharesDir,
    [Symbol.asyncDispose]: () => stack.stop(),
  };
}

function showOutcome(problems: readonly string[], milliseconds: number): void {
  const { style } = output;
  if (problems.length === 0) {
    const mark = style.good('✓');
    output.line(
      `${mark} Every receipt balances, and the store holds just what was sent (${formatSeconds(milliseconds)}).`,
    );
    return;
  }
  output.line(style.bad('✗ Not everything is as it should be:'));
  for (const problem of problems) output.line(`  ${problem}`);
}

function showWhereToLook(kept: string | undefined): void {
  output.line();
  output.line('Where to look next');
  output.line('  examples/adventure-works/   the dealers, their data and mappings');
  output.line('  npm start                   the same hub, to stay; then npx adp --help');
  if (kept === undefined) {
    output.line('  npm run demo -- --keep      leaves the data and the files that the dealers sent');
  } else {
    output.line(`  ${kept}/exports   the files that the dealers sent`);
    output.line(`  npm start -- --data-dir ${kept}   goes on with this hub`);
  }
}
