/**
 * Blobs, queues and tables on this machine: Azurite, holding what infra/storage.json names.
 *
 *     node local/storage/main.ts --data-dir .local/storage [--blob-port 10000 --queue-port 10001 --table-port 10002]
 *
 * Prints `{"ready":true,"port":…,"ports":{"blob":…,"queue":…,"table":…}}`. Ends on SIGTERM, or with the process that
 * forked it. SIGKILL loses what was written in the last five seconds: Azurite saves that seldom.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { onParentGone } from '../onParentGone.ts';
import { storageConnectionString } from './account.ts';
import { runAzurite } from './azurite.ts';
import { createContents, readContents } from './contents.ts';

/** How long Azurite may take to write down what it holds. */
const graceMs = 10_000;

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string', default: '.local/storage' },
    'blob-port': { type: 'string', default: '10000' },
    'queue-port': { type: 'string', default: '10001' },
    'table-port': { type: 'string', default: '10002' },
  },
});
const dataDir = values['data-dir'];
await mkdir(dataDir, { recursive: true });

// Azurite knows SIGTERM only; it must save before it goes, whoever is gone. Nobody hears that before it has begun.
onParentGone(() => {
  if (!process.emit('SIGTERM')) process.exit(1);
});
const azurite = runAzurite(dataDir, {
  blob: Number(values['blob-port']),
  queue: Number(values['queue-port']),
  table: Number(values['table-port']),
});
void azurite.closed.then(() => process.exit(0));
process.once('SIGTERM', () => setTimeout(() => process.exit(1), graceMs));

const ports = await azurite.listening;
await createContents(
  storageConnectionString(ports),
  await readContents(join(import.meta.dirname, '../../infra/storage.json')),
);
process.stdout.write(`${JSON.stringify({ ready: true, port: ports.blob, ports })}\n`);
