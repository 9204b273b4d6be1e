import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as orchestrators from '../fixtures/durableApp/orchestrators.ts';
import { buildDurableApp, startDurableHost } from '../helpers/durable.ts';
import { temporaryFolder } from '../helpers/host.ts';
import type { Orchestrator } from '../helpers/orchestrate.ts';
import { type RecordedHistory, recordHistory, replayHistory } from '../helpers/replayHistory.ts';

// `RECORD=1 npm test -- test/integration/hostDurableReplay.test.ts` writes the histories anew, by the host of today.
const folder = join(__dirname, '..', 'fixtures', 'histories');
const known: Readonly<Record<string, Orchestrator>> = { ...orchestrators };

const read = (file: string): RecordedHistory => JSON.parse(readFileSync(join(folder, file), 'utf8'));

if (process.env.RECORD) {
  beforeAll(async () => {
    const dataDir = await temporaryFolder('durable');
    const durable = await startDurableHost(await buildDurableApp(), dataDir);
    await durable.start('chain', 'chain', [1, 2, 3]);
    await durable.start('waves', 'waves', { count: 7, width: 3 });
    await durable.start('parent', 'parent');
    await durable.start('retries', 'retries');
    await durable.start('failsInAll', 'failsInAll');
    await durable.start('eternal', 'eternal', { left: 2, sum: 0 });
    await durable.start('waits', 'waits', { ms: 60_000 });
    await durable.client('raiseEvent', 'waits', 'go', { by: 'hand' });
    const ended = ['chain', 'waves', 'parent', 'retries', 'failsInAll', 'eternal', 'waits'];
    for (const id of ended) await durable.reaches(id, 'Completed');
    await durable.start('failing', 'failing', { why: 'bad day' });
    await durable.reaches('failing', 'Failed');
    await durable.start('child', 'child');
    await durable.reaches('child', 'Running');
    await durable.host.stop();
    for (const id of [...ended, 'failing', 'child']) {
      writeFileSync(join(folder, `${id}.json`), `${JSON.stringify(recordHistory(dataDir, id), null, 2)}\n`);
    }
  });
}

test.each(['chain', 'waves', 'parent', 'retries', 'failsInAll', 'eternal', 'waits', 'failing', 'child'])(
  'the recorded history of %s is replayed by the orchestrator of today',
  async (name) => {
    const history = read(`${name}.json`);
    const orchestrator = known[history.instance.name];
    if (!orchestrator) throw new Error(`There is no orchestrator "${history.instance.name}"`);
    await replayHistory(orchestrator, history);
  },
);

test('every recorded history is replayed', () => {
  expect(readdirSync(folder)).toHaveLength(9);
});

describe('a replay finds an orchestrator that', () => {
  interface Context {
    readonly df: { callActivity(name: string, input?: unknown): unknown; createTimer(at: Date): unknown };
  }
  test.each<[string, (context: Context) => Generator<unknown, unknown, unknown>, RegExp]>([
    [
      'calls another activity',
      function* ({ df }) {
        yield df.callActivity('cube', 1);
      },
      /as task 0 it once began the activity "square", but now the activity "cube"/,
    ],
    [
      'waits where it worked',
      function* ({ df }) {
        yield df.callActivity('square', 1);
        yield df.createTimer(new Date());
      },
      /as task 1 it once began the activity "square", but now a timer/,
    ],
    [
      'does less',
      function* ({ df }) {
        yield df.callActivity('square', 1);
        return [1];
      },
      /as task 1 it once began the activity "square", but now nothing/,
    ],
    [
      'does more',
      function* ({ df }) {
        for (const number of [1, 2, 3, 4]) yield df.callActivity('square', number);
      },
      /goes on with another activity "square" \(task 3\)/,
    ],
    [
      'comes to another result',
      function* ({ df }) {
        for (const number of [1, 2, 3]) yield df.callActivity('square', number);
        return 'done';
      },
      /ended as Completed \(\[1,4,9\]\).*now as Completed \(done\)/,
    ],
  ])('%s', async (_, orchestrator, message) => {
    await expect(replayHistory(orchestrator, read('chain.json'))).rejects.toThrow(message);
  });
});
