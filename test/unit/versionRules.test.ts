import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toInstant } from '../../shared/model/instant.ts';
import { parseVersion } from '../../shared/model/version.ts';
import { applyChanges } from '../../shared/sync/applyChanges.ts';
import { memoryLog } from '../helpers/memoryLog.ts';
import { memoryRecords } from '../helpers/memoryRecords.ts';
import { apply, instant, life, type State, type Step, toChange } from '../helpers/versionModel.ts';

/** Sends steps one after another, each as a message of its own. */
async function send(steps: readonly Step[]) {
  const records = memoryRecords();
  const deps = {
    records,
    runs: { addPart: async () => {} },
    quarantine: async () => {},
    clock: Date.now,
    wait: async () => {},
    log: memoryLog().log,
  };
  for (const [i, step] of steps.entries()) {
    const first = steps.indexOf(step);
    const message = {
      run_id: `acme.${first}`,
      attempt: 1,
      seq: i,
      dealer_id: 'acme',
      entity: 'part' as const,
      source_id: step.source,
      schema_version: 1,
      changes: [toChange('k', step)],
    };
    await applyChanges(message, deps, new Date(Date.now() + 1_000));
  }
  return records.documents.get('k');
}

const row = (t: number, captured = t, more: Partial<Step> = {}): Step => ({
  op: 'upsert',
  source: 'dms',
  epoch: 0,
  t,
  captured,
  position: 0,
  ...more,
});

test('any life of a key ends where the model says', async () => {
  await fc.assert(
    fc.asyncProperty(life, async (steps) => {
      const expected = steps.reduce<State | undefined>(apply, undefined);
      const held = await send(steps);
      expect(held?.content_hash).toEqual(expected === undefined ? undefined : expected.content);
      if (held === undefined || expected === undefined) return;
      const { epoch, t, captured } = parseVersion(held.version);
      expect({ epoch, t, captured, source: held.source_id }).toEqual({
        epoch: expected.epoch,
        t: instant(expected.t),
        captured: instant(expected.captured),
        source: expected.source,
      });
    }),
    { numRuns: 2_000 },
  );
});

test('a late older change does not raise a deleted record', async () => {
  const held = await send([row(5), row(8, 8, { op: 'delete' }), row(6, 6)]);
  expect(held).toMatchObject({ content_hash: null, deleted_at: expect.any(String) });
});

test('a row that comes back with an old date comes back', async () => {
  const held = await send([row(5), row(9, 9, { op: 'absence' }), row(5, 12)]);
  expect(held).toMatchObject({ content_hash: '0.5', deleted_at: null });
});

test('after a reset, rows with older times win over what is held', async () => {
  const held = await send([row(50), row(5, 60, { epoch: 1 })]);
  expect(held).toMatchObject({ content_hash: '1.5' });
});

test('a tombstone of an absence keeps the record’s t and takes the run’s captured', async () => {
  const held = await send([row(5), row(9, 9, { op: 'absence' })]);
  expect(parseVersion(held?.version ?? '')).toMatchObject({ t: instant(5), captured: instant(9) });
  expect(toInstant(Date.parse(held?.source_updated_at ?? ''))).toBe(instant(5));
});
