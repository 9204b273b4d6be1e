import { hash } from 'node:crypto';
import { AdpError } from '../errors.ts';
import type { Change, ChangeMessage } from '../model/change.ts';
import { isEntityName } from '../model/entities.ts';
import { parseRunId } from '../model/run.ts';

/** What a message says of itself besides its changes. */
export type Heading = Omit<ChangeMessage, 'changes'>;

/** A message's body, and its id: the SHA-256 of the body. */
export interface Packed {
  readonly id: string;
  readonly body: string;
}

/** A message too large for the queue: its body lies in the container `claims` under the hash of its content. */
export interface Claim {
  readonly claim: { readonly blob: string; readonly bytes: number };
}

/** contract.md, "Service Bus queues": a body is at most 200 KB. */
export const maxBodyBytes = 200 * 1024;

/**
 * Packs changes into as few bodies as their size allows, in order. A single change that is larger than a body makes a
 * body of its own, to be claim-checked.
 * @yields bodies whose `seq` counts on from the heading's
 */
export function* pack(heading: Heading, changes: Iterable<Change>): Generator<Packed> {
  const { run_id, attempt, dealer_id, entity, source_id, schema_version } = heading;
  let { seq } = heading;
  const open = () => {
    const head = JSON.stringify({ run_id, attempt, seq, dealer_id, entity, source_id, schema_version });
    return `${head.slice(0, -1)},"changes":[`;
  };
  let head = open();
  let parts: string[] = [];
  let bytes = head.length + 2;
  for (const change of changes) {
    const text = JSON.stringify(change);
    const size = Buffer.byteLength(text) + 1;
    if (parts.length > 0 && bytes + size > maxBodyBytes) {
      yield seal(`${head}${parts.join(',')}]}`);
      seq++;
      head = open();
      parts = [];
      bytes = head.length + 2;
    }
    parts.push(text);
    bytes += size;
  }
  if (parts.length > 0) yield seal(`${head}${parts.join(',')}]}`);
}

function seal(body: string): Packed {
  return { id: hash('sha256', body, 'hex'), body };
}

/**
 * A message's content as it came from the queue, checked as far as the writer relies on it: only the hub sends to this
 * queue, but whatever else lands there must not do harm.
 * @throws AdpError DATA_ERROR for what is no message of ours
 */
export function toChangeMessage(value: unknown): ChangeMessage | Claim {
  if (typeof value === 'object' && value !== null) {
    if ('claim' in value && isClaim(value.claim)) return { claim: value.claim };
    const message = value as Partial<ChangeMessage>;
    const complete =
      typeof message.run_id === 'string' &&
      // Where its part is counted; and no run of one dealer writes another's records.
      parseRunId(message.run_id)?.dealerId === message.dealer_id &&
      Number.isInteger(message.attempt) &&
      Number.isInteger(message.seq) &&
      typeof message.entity === 'string' &&
      isEntityName(message.entity) &&
      Number.isInteger(message.schema_version) &&
      Array.isArray(message.changes) &&
      message.changes.every(isChange);
    if (complete) return value as ChangeMessage;
  }
  throw new AdpError('DATA_ERROR', 'The message is none of ours: it lacks what a message of changes has.');
}

/** As far as a change can be told from others: what is in it is its own affair, and quarantined alone. */
function isChange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { op, id, version } = value as Partial<Change>;
  return (op === 'upsert' || op === 'delete') && typeof id === 'string' && typeof version === 'string';
}

function isClaim(value: unknown): value is Claim['claim'] {
  return typeof value === 'object' && value !== null && 'blob' in value && /^[0-9a-f]{64}$/.test(String(value.blob));
}
