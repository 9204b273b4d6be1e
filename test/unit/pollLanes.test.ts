import { expect, test } from '@jest/globals';
import { type LaneInput, pollSource } from '../../functions/pollDealer/orchestrators.ts';
import type { Action } from '../../local/host/durable/action.ts';
import { EventType } from '../../local/host/durable/history.ts';
import type { Instance } from '../../local/host/durable/instance.ts';
import { runOrchestrator } from '../../local/host/durable/orchestrator.ts';
import { callOf } from '../helpers/orchestrate.ts';

/** What a poll of these reads asks for in its first turn: the input of each lane. */
async function lanesOf(reads: readonly (readonly [string, string])[], concurrency: number): Promise<LaneInput[]> {
  const input = {
    dealerId: 'acme',
    sourceId: 'dms',
    reason: 'schedule',
    reads: reads.map(([entity, mode], n) => ({ entity, mode, runId: `acme.${n}` })),
    concurrency,
  };
  const at = '2026-11-20T10:00:00Z';
  const instance: Instance = {
    id: 'poll-acme.dms',
    executionId: 'one',
    name: 'pollSource',
    status: 'Running',
    input,
    output: undefined,
    customStatus: undefined,
    parent: undefined,
    createdAt: at,
    updatedAt: at,
  };
  const event = { EventId: -1, Timestamp: at, IsPlayed: false };
  const { actions } = await runOrchestrator(callOf(pollSource), instance, [
    { ...event, EventType: EventType.OrchestratorStarted },
    { ...event, EventType: EventType.ExecutionStarted, Name: 'pollSource', Input: JSON.stringify(input) },
  ]);
  return actions.flatMap(inputsIn);
}

/** Sub-orchestrations, however deep they stand among what is asked for. */
function inputsIn(action: Action): LaneInput[] {
  if (action.kind === 'all' || action.kind === 'any') return action.actions.flatMap(inputsIn);
  if (action.kind !== 'subOrchestration' || action.name !== 'pollLane') return [];
  return [(typeof action.input === 'string' ? JSON.parse(action.input) : action.input) as LaneInput];
}

test('entities are read side by side, as many as the source allows; reads of one entity one after another', async () => {
  const reads = [
    ['part', 'changes'],
    ['part', 'keys'],
    ['part', 'all'],
    ['customer', 'changes'],
    ['supplier', 'changes'],
    ['supplier', 'keys'],
  ] as const;
  for (const [concurrency, expected] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [8, 3],
  ] as const) {
    const lanes = await lanesOf(reads, concurrency);
    expect(lanes).toHaveLength(expected);
    const seen = lanes.map((lane) => lane.reads.map(({ entity, mode }) => `${entity} ${mode}`));
    expect(seen.filter((lane) => lane.length === 0)).toEqual([]);
    expect(seen.flat().sort()).toEqual(reads.map(([entity, mode]) => `${entity} ${mode}`).sort());
    for (const entity of ['part', 'supplier']) {
      expect(seen.filter((lane) => lane.some((read) => read.startsWith(entity)))).toHaveLength(1);
    }
    expect(seen.find((lane) => lane.includes('part all'))?.filter((read) => read.startsWith('part'))).toEqual([
      'part changes',
      'part keys',
      'part all',
    ]);
  }
});
