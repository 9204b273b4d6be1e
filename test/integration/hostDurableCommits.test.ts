import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createEngine, type Engine } from '../../local/host/durable/engine.ts';
import type { DurableFunctions } from '../../local/host/durable/functions.ts';
import { EventType } from '../../local/host/durable/history.ts';
import { hasEnded } from '../../local/host/durable/instance.ts';
import { createOperations } from '../../local/host/durable/operations.ts';
import { openStore, type Store } from '../../local/host/durable/store.ts';
import * as orchestrators from '../fixtures/durableApp/orchestrators.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { callOf, type Orchestrator } from '../helpers/orchestrate.ts';
import { until } from '../helpers/poll.ts';

const known: Readonly<Record<string, Orchestrator>> = { ...orchestrators };

/** The fixture's orchestrators with activities that count how often they ran. */
function functionsThatCount(): DurableFunctions & { readonly runs: Map<string, number> } {
  const runs = new Map<string, number>();
  return {
    runs,
    isOrchestrator: (name) => known[name] !== undefined,
    refusal: () => undefined,
    orchestrator: (name) => callOf(known[name] ?? fail(name)),
    runActivity: async ({ executionId, taskId, name, input }) => {
      const key = `${executionId} ${taskId}`;
      runs.set(key, (runs.get(key) ?? 0) + 1);
      const number = name === 'slowSquare' ? Object(input).number : Number(input);
      return { EventType: EventType.TaskCompleted, TaskScheduledId: taskId, Result: JSON.stringify(number * number) };
    },
  };
}

/** A store whose process is dead as soon as it has committed so often: whatever comes after that never happens. */
function dyingAfter(store: Store, commits: number): { readonly store: Store; isDead(): boolean; count(): number } {
  let count = 0;
  const requireLife = () => {
    if (count >= commits) throw new Error('killed');
  };
  return {
    isDead: () => count >= commits,
    count: () => count,
    store: {
      ...store,
      find: (id) => {
        requireLife();
        return store.find(id);
      },
      atomically: (change) => {
        requireLife();
        const result = store.atomically(change);
        count += 1;
        requireLife();
        return result;
      },
    },
  };
}

const nature = () => {
  let ids = 0;
  return { now: () => new Date(), newId: () => `${++ids}-${Math.random().toString(36).slice(2)}` };
};

const limits = { maxActivities: 4, maxTurns: 4 };

const inputs: Readonly<Record<string, unknown>> = {
  chain: [1, 2, 3],
  waves: { count: 6, width: 3 },
  parent: null,
  eternal: { left: 2, sum: 0 },
  counter: { left: 3, sum: 0 },
  waits: { ms: 20 },
};

const outputs = {
  chain: [1, 4, 9],
  waves: { sum: 55, checked: 36 },
  parent: { results: [[4, 9], [16]], reasons: [expect.stringContaining('as expected')] },
  eternal: 10,
  counter: { sum: 6 },
  waits: { timedOut: true },
};

/** Starts everything, dies after so many commits, and goes on with the same file. `count`: the commits of its first life. */
async function surviving(
  commits: number,
): Promise<{ readonly outputs: object; readonly runs: number[]; count: number }> {
  const file = join(await temporaryFolder('commits'), 'orchestrations.sqlite');
  const functions = functionsThatCount();
  const first = openStore(file, () => 'key');
  const asleep: Engine = { start: () => undefined, wake: () => undefined, stop: async () => undefined };
  const operations = createOperations(first, asleep, functions, nature());
  for (const [name, input] of Object.entries(inputs)) operations.start(name, input, name);
  for (const value of [1, 2, 3]) operations.raiseEvent('counter', 'add', { value });

  const dying = dyingAfter(first, commits);
  const doomed = createEngine(dying.store, functions, limits, nature(), () => undefined);
  doomed.start();
  const allEnded = (store: Store) => Object.keys(inputs).every((id) => hasEnded(store.find(id) ?? fail(id)));
  await until('its end', () => dying.isDead() || allEnded(first));
  await doomed.stop();
  first.close();

  const second = openStore(file, () => 'key');
  const engine = createEngine(second, functions, limits, nature(), () => undefined);
  engine.start();
  await until(`the end of all after ${commits} commits`, () => allEnded(second));
  await engine.stop();
  const found = Object.fromEntries(Object.keys(inputs).map((id) => [id, second.find(id)?.output]));
  const left = [...second.activities(), ...second.waitingInstances()];
  second.close();
  expect(left).toEqual([]);
  return { outputs: found, runs: [...functions.runs.values()], count: dying.count() };
}

function fail(id: string): never {
  throw new Error(`"${id}" is lost`);
}

test('a host that dies after any of its commits goes on as if nothing had been, and repeats at most activities', async () => {
  const undisturbed = await surviving(Number.POSITIVE_INFINITY);
  expect(undisturbed.outputs).toEqual(outputs);
  expect(undisturbed.runs.every((runs) => runs === 1)).toBe(true);
  expect(undisturbed.count).toBeGreaterThan(50);

  for (let commits = 1; commits < undisturbed.count; commits += 1) {
    const survived = await surviving(commits);
    expect(survived.outputs).toEqual(outputs);
    expect(Math.max(...survived.runs)).toBeLessThanOrEqual(2);
    // Only those that were under way when it died.
    expect(survived.runs.filter((runs) => runs > 1).length).toBeLessThanOrEqual(limits.maxActivities);
  }
});
