import { hash } from 'node:crypto';
import { AdpError } from '../errors.ts';
import type { Change, ChangeMessage, SentChange } from '../model/change.ts';
import { contentHash } from '../model/contentHash.ts';
import { isEntityName } from '../model/entities.ts';
import { parseRunId } from '../model/run.ts';
import { MessageBody } from './messageBody.ts';

/** What a message says of itself besides its changes. */
export type Heading = Omit<ChangeMessage, 'changes'>;

/** A message's body in UTF-8, and its id: the SHA-256 of the body. */
export interface Packed {
  readonly id: string;
  readonly body: Buffer;
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
export function* pack(heading: Heading, changes: Iterable<SentChange>): Generator<Packed> {
  const body = new MessageBody(maxBodyBytes, ']}');
  let { seq } = heading;
  body.open(headOf(heading, seq));
  for (const change of changes) {
    const text = textOf(change);
    if (body.add(text)) continue;
    yield seal(body);
    seq++;
    body.open(headOf(heading, seq));
    body.add(text);
  }
  if (!body.isEmpty) yield seal(body);
}

function headOf({ run_id, attempt, dealer_id, entity, source_id, schema_version }: Heading, seq: number): string {
  const head = JSON.stringify({ run_id, attempt, seq, dealer_id, entity, source_id, schema_version });
  return `${head.slice(0, -1)},"changes":[`;
}

/** The change as JSON. An id and a version hold nothing that JSON must escape; asking costs twice as much. */
function textOf(change: SentChange): string {
  if (change.op === 'delete') return JSON.stringify(change);
  const { id, version, data } = change;
  return `{"op":"upsert","id":"${id}","version":"${version}","data":${JSON.stringify(data)}}`;
}

function seal(message: MessageBody): Packed {
  const body = message.close();
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
    if (complete) return { ...(value as ChangeMessage), changes: message.changes?.map(hashed) ?? [] };
  }
  throw new AdpError('DATA_ERROR', 'The message is none of ours: it lacks what a message of changes has.');
}

function hashed(change: SentChange): Change {
  return change.op === 'delete' ? change : { ...change, content_hash: contentHash(change.data) };
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
