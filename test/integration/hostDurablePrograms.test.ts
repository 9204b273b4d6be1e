import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEngine } from '../../local/host/durable/engine.ts';
import type { DurableFunctions } from '../../local/host/durable/functions.ts';
import { EventType } from '../../local/host/durable/history.ts';
import { hasEnded } from '../../local/host/durable/instance.ts';
import { createOperations } from '../../local/host/durable/operations.ts';
import { openStore } from '../../local/host/durable/store.ts';
import { program, type Step } from '../fixtures/durableApp/program.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { callOf } from '../helpers/orchestrate.ts';
import { until } from '../helpers/poll.ts';

const value = fc.integer({ min: 0, max: 99 });
/** What may be one of several tasks: whatever fails in the end would let the library run ahead of the host. */
const { task } = fc.letrec<{ task: Step; steps: Step[] }>((tie) => ({
  task: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('activity'), value }),
    fc.record({ kind: fc.constant('timer'), ms: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('retry'), value, failures: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant('sub'), steps: tie('steps') }),
    fc.record({ kind: fc.constant('all'), steps: tie('steps') }),
  ),
  steps: fc.array(tie('task'), { minLength: 1, maxLength: 4 }),
}));
const step: fc.Arbitrary<Step> = fc.oneof(
  task,
  fc.record({ kind: fc.constant('caught'), value }),
  fc.record({ kind: fc.constant('beforeDeadline'), value }),
);

/** What a program must give, whatever the order in which its tasks end. */
function expected(it: Step): unknown {
  switch (it.kind) {
    case 'activity':
    case 'retry':
    case 'beforeDeadline':
      return it.value + 1;
    case 'timer':
      return null;
    case 'caught':
      return 'caught';
    case 'sub':
    case 'all':
      return it.steps.map(expected);
  }
}

/** The activity `increment`, which takes its time and fails as often as it is told to. */
function flakyFunctions(delay: () => number): DurableFunctions {
  const tries = new Map<string, number>();
  return {
    isOrchestrator: () => true,
    refusal: () => undefined,
    orchestrator: () => callOf(program),
    runActivity: async ({ executionId, taskId, input }) => {
      const { number, failures, key } = Object(input);
      await new Promise((resolve) => setTimeout(resolve, delay()));
      const attempt = (tries.get(`${executionId} ${key}`) ?? 0) + 1;
      tries.set(`${executionId} ${key}`, attempt);
      if (attempt > failures) {
        return { EventType: EventType.TaskCompleted, TaskScheduledId: taskId, Result: JSON.stringify(number + 1) };
      }
      return { EventType: EventType.TaskFailed, TaskScheduledId: taskId, Reason: 'as told', Details: '' };
    },
  };
}

test('any program of activities, retries, timers, children and groups gives what it must', async () => {
  const store = openStore(join(await temporaryFolder('programs'), 'orchestrations.sqlite'), () => 'key');
  let ids = 0;
  const nature = { now: () => new Date(), newId: () => `id${++ids}` };
  const functions = flakyFunctions(() => Math.random() * 4);
  const engine = createEngine(store, functions, { maxActivities: 5, maxTurns: 3 }, nature, () => undefined);
  const operations = createOperations(store, engine, functions, nature);
  engine.start();
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
        const started = operations.start('program', steps, undefined);
        if (started.kind !== 'started') throw new Error(started.reason);
        const ended = await until('its end', () => {
          const instance = operations.find(started.instance.id);
          return instance && hasEnded(instance) && instance;
        });
        expect([ended.status, ended.output]).toEqual(['Completed', steps.map(expected)]);
      }),
      { numRuns: 100 },
    );
  } finally {
    await engine.stop();
    store.close();
  }
});
