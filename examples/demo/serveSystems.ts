import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Output } from '../../cli/output.ts';
import { findStack } from '../../cli/stackFile.ts';
import { AdpError } from '../../shared/errors.ts';
import { startSystems } from '../adventure-works/systems.ts';
import type { AdventureWorks } from '../adventure-works/tables.ts';
import { keepSecrets } from './secrets.ts';

/** As hub.yaml has it. */
const apiPort = 8020;

/**
 * The systems of the dealers that are polled, beside `npm start`, for who wants to try polling; until the signal.
 *
 * @throws AdpError CONFIG_ERROR where no stack runs here
 */
export async function serveSystems(output: Output, tables: AdventureWorks, signal: AbortSignal): Promise<void> {
  const stack = await findStack(process.cwd());
  if (stack === undefined)
    throw new AdpError('CONFIG_ERROR', 'no hub runs here: npm start, in another terminal, first');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'adp-systems-'));
  try {
    await using systems = await startSystems({ tables, stackDir: path.dirname(stack.path), folder, apiPort });
    await keepSecrets(stack.content.settings, systems.all);
    output.line('They stand, and their secrets are in the local Key Vault. In another terminal:');
    output.line();
    output.line('  npx adp apply -f examples/adventure-works/hub.yaml');
    for (const { dealer, source, title } of systems.all) {
      output.line(`  npx adp check ${dealer} ${source}            # ${title}`);
      output.line(`  npx adp trigger ${dealer} ${source} --wait`);
    }
    output.line();
    output.line('Where the hub knows them from an earlier time, they begin anew: npx adp reset, too.');
    const rounds = systems.all.map((system) => system.rounds()[Symbol.asyncIterator]());
    // What they hold at first; what follows is work.
    for (const round of rounds) await round.next();
    const lines = createInterface({ input: process.stdin });
    output.line('Enter lets their people work for a day; Ctrl-C ends it.');
    signal.addEventListener('abort', () => lines.close());
    for await (const _ of lines) {
      for (const round of rounds) {
        const { value } = await round.next();
        output.line(value?.story ?? 'Nothing happens any more.');
      }
    }
    // Without a terminal it stays until it is ended.
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
