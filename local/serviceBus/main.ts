/**
 * The broker as a process of its own:
 *
 *     node local/serviceBus/main.ts --port 5672 --data-dir .local/service-bus [--queues infra/queues.json]
 *         [--lock-seconds 20]
 *
 * With `--lock-seconds` every queue's locks last that long, whatever is defined.
 * It prints `{"ready":true,"port":5672}` when it accepts clients, and ends on SIGTERM, on SIGINT, or with the process
 * that forked it.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AdpError } from '../../shared/errors.ts';
import { onParentGone } from '../onParentGone.ts';
import { type Broker, startBroker } from './broker.ts';
import { readQueueDefinitions } from './queue/definition.ts';

const definedQueues = join(import.meta.dirname, '../../infra/queues.json');

async function start(): Promise<Broker> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'data-dir': { type: 'string' },
      queues: { type: 'string', default: definedQueues },
      'lock-seconds': { type: 'string' },
    },
  });
  const port = Number(values.port);
  const dataFolder = values['data-dir'];
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || dataFolder === undefined) {
    throw new AdpError('CONFIG_ERROR', '--port (0 for any that is free) and --data-dir are needed.');
  }
  const lockDuration = Number(values['lock-seconds'] ?? 0) * 1_000;
  const definitions = (await readQueueDefinitions(values.queues)).map((queue) =>
    lockDuration > 0 ? { ...queue, lockDuration } : queue,
  );
  return startBroker({ port, dataFolder, definitions, onFailure: fail }).catch((error: unknown) => {
    throw explain(error, port);
  });
}

function explain(error: unknown, port: number): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) return error;
  const advice = 'Stop what listens there, or choose another port with --port.';
  return new AdpError('CONFIG_ERROR', `Port ${port} is in use. ${advice}`, { cause: error });
}

function fail(error: unknown): never {
  console.error('Service Bus broker:', error instanceof AdpError ? error.message : error);
  process.exit(1);
}

async function serve(): Promise<void> {
  const broker = await start();
  const stop = () => {
    broker.close().then(() => process.exit(0), fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  onParentGone(stop);
  console.log(JSON.stringify({ ready: true, port: broker.port }));
}

serve().catch(fail);
