import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { AdpError } from '../errors.ts';
import type { ChangeMessage, SentChange } from '../model/change.ts';
import type { Blobs } from '../store/blobs.ts';
import { type Claim, type Heading, maxBodyBytes, type Packed, pack, toChangeMessage } from './message.ts';
import type { Outbox, OutgoingMessage } from './serviceBus.ts';

export interface DeliveryDeps {
  readonly outbox: Outbox;
  readonly claims: Blobs;
}

/** Messages that were handed to the queue. */
export interface Sent {
  readonly messages: number;
  /**
   * Resolves once the queue has accepted all of them. Rejects with `NETWORK_ERROR` (retry) where it didn't, when nothing is
   * on its way any more; some may have been accepted then, which is harmless.
   */
  readonly accepted: Promise<unknown>;
}

/** Messages on their way at once: enough to hide the queue's latency, few enough to bound memory. */
const inFlight = 16;

/** Hands changes over to the queue. @throws AdpError as `accepted` does, where that is known before all are sent */
export async function send(heading: Heading, changes: Iterable<SentChange>, deps: DeliveryDeps): Promise<Sent> {
  const sending = new Set<Promise<void>>();
  let messages = 0;
  const settled = async (error: unknown): Promise<never> => {
    await Promise.allSettled(sending);
    throw error;
  };
  try {
    for (const packed of pack(heading, changes)) {
      messages++;
      // What was refused stays in the set: others may settle in the same moment, and it must not slip past the race.
      const one = sendOne(packed, deps).then(() => void sending.delete(one));
      one.catch(() => 'It is waited for below.');
      sending.add(one);
      // It leaves before the next one is packed.
      await setImmediate();
      if (sending.size >= inFlight) await Promise.race(sending);
    }
  } catch (error) {
    return await settled(error);
  }
  const accepted = Promise.all(sending).catch(settled);
  accepted.catch(() => 'Whoever waits for it is told.');
  return { messages, accepted };
}

/**
 * Sends changes to the writer. Resolves once the queue has accepted every message; answers how many there are.
 * @throws AdpError as `accepted` does
 */
export async function deliver(heading: Heading, changes: Iterable<SentChange>, deps: DeliveryDeps): Promise<number> {
  const { messages, accepted } = await send(heading, changes, deps);
  await accepted;
  return messages;
}

async function sendOne(packed: Packed, { outbox, claims }: DeliveryDeps): Promise<void> {
  const bytes = packed.body.length;
  if (bytes <= maxBodyBytes) return await outbox.send(packed);
  await claims.create(packed.id, packed.body);
  const reference: Claim = { claim: { blob: packed.id, bytes } };
  const body = JSON.stringify(reference);
  await outbox.send({ id: hash('sha256', body, 'hex'), body });
}

/**
 * The changes that a message carries or refers to.
 * @throws AdpError DATA_ERROR for what is no message of ours, or whose claim is gone
 */
export async function receive(value: unknown, claims: Blobs): Promise<ChangeMessage> {
  const message = toChangeMessage(value);
  if (!('claim' in message)) return message;
  const content = await claims.read(message.claim.blob);
  if (content === undefined) throw new AdpError('DATA_ERROR', 'The message refers to a claim that is gone.');
  const claimed = toChangeMessage(JSON.parse(content.toString()));
  if ('claim' in claimed) throw new AdpError('DATA_ERROR', 'A claim must not refer to another.');
  return claimed;
}

/** The same body once more, at `notBefore`: with another id, or duplicate detection would drop it. */
export function again(body: string, tries: number, notBefore: Date): OutgoingMessage {
  return { id: `${hash('sha256', body, 'hex')}.${tries}`, body, notBefore, properties: { tries } };
}
