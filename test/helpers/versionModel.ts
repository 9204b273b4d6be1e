import fc from 'fast-check';
import type { Change } from '../../shared/model/change.ts';
import { type Instant, toInstant } from '../../shared/model/instant.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { formatVersion } from '../../shared/model/version.ts';

/** A change in small numbers, as the rules of architecture.md ("Versions") speak of it. */
export interface Step {
  readonly op: 'upsert' | 'delete' | 'absence';
  readonly source: string;
  readonly epoch: number;
  readonly t: number;
  readonly captured: number;
  readonly position: number;
}

/** What a key is: its version, what it holds (null: it was deleted), and whose it is. */
export interface State {
  readonly epoch: number;
  readonly t: number;
  readonly captured: number;
  readonly position: number;
  readonly content: string | null;
  readonly source: string;
}

/** A row's own modification time says what it holds. */
export function contentOf({ op, epoch, t }: Step): string | null {
  return op === 'upsert' ? `${epoch}.${t}` : null;
}

/** The rules, one sentence after another. */
export function apply(state: State | undefined, step: Step): State | undefined {
  const after: State = { ...step, content: contentOf(step) };
  if (step.op === 'absence') {
    const applies =
      state !== undefined &&
      state.content !== null &&
      state.source === step.source &&
      state.captured < step.captured &&
      state.epoch <= step.epoch;
    return applies ? { ...after, t: state.t } : state;
  }
  if (state === undefined) return after;
  if (compare(step, state) <= 0) return state;
  if (after.content !== state.content) return after;
  // Equal content: with an equal t nothing is written, else only the version.
  const same = step.epoch === state.epoch && step.t === state.t && step.source === state.source;
  return same ? state : { ...state, ...after };
}

function compare(a: Omit<Step, 'op' | 'source'>, b: Omit<State, 'content' | 'source'>): number {
  return a.epoch - b.epoch || a.t - b.t || a.captured - b.captured || a.position - b.position;
}

const start = Date.parse('2026-01-01T00:00:00Z');

export function instant(n: number): Instant {
  return toInstant(start + n * 1_000);
}

export function toChange(key: string, step: Step): Change {
  const id = key as RecordId;
  const t = instant(step.t);
  const version = formatVersion({ epoch: step.epoch, t, captured: instant(step.captured), position: step.position });
  if (step.op === 'absence') return { op: 'delete', id, version, absence: true };
  if (step.op === 'delete') return { op: 'delete', id, version };
  const content = contentOf(step) ?? '';
  return { op: 'upsert', id, version, content_hash: content, data: { content } };
}

/**
 * The life of one key: upserts and deletes with times of their own, deletes by absence, resets (the epoch rises), and
 * replays of what was sent before, with the version that it had.
 */
export const life: fc.Arbitrary<Step[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('row', 'row', 'row', 'row', 'old row', 'absence', 'reset', 'replay', 'replay'),
      source: fc.constantFrom('dms', 'dms', 'dms', 'web'),
      age: fc.nat(6),
      pick: fc.nat(100),
    }),
    { minLength: 2, maxLength: 12 },
  )
  .map((kinds) => {
    const steps: Step[] = [];
    let epoch = 0;
    let clock = 10;
    for (const { kind, source, age, pick } of kinds) {
      clock += 1 + (pick % 3);
      const before = steps[pick % Math.max(1, steps.length)];
      if (kind === 'reset') epoch++;
      if (kind === 'replay' && before !== undefined) {
        steps.push(before);
      } else if (kind === 'absence') {
        steps.push({ op: 'absence', source, epoch, t: clock, captured: clock, position: 0 });
      } else {
        const t = kind === 'old row' ? clock - 9 + age : clock - age;
        steps.push({ op: t % 4 === 3 ? 'delete' : 'upsert', source, epoch, t, captured: clock, position: pick });
      }
    }
    return steps;
  });
