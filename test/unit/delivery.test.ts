import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deliver, receive } from '../../shared/delivery/deliver.ts';
import { maxBodyBytes, pack, toChangeMessage } from '../../shared/delivery/message.ts';
import type { OutgoingMessage } from '../../shared/delivery/serviceBus.ts';
import type { Change } from '../../shared/model/change.ts';
import { contentHash } from '../../shared/model/contentHash.ts';
import type { Instant } from '../../shared/model/instant.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { newRunId } from '../../shared/model/run.ts';
import { formatVersion } from '../../shared/model/version.ts';
import { memoryBlobs } from '../helpers/memoryBlobs.ts';

const time = '2026-01-01T00:00:00.000000000Z' as Instant;
const version = formatVersion({ epoch: 0, t: time, captured: time, position: 0 });
const heading = {
  run_id: newRunId('acme', new Date('2026-11-20T00:00:00Z'), '0123456789'),
  attempt: 1,
  seq: 0,
  dealer_id: 'acme',
  entity: 'part' as const,
  source_id: 'dms',
  schema_version: 1,
};

function change(n: number, text: string): Change {
  return { op: 'upsert', id: `k${n}` as RecordId, version, content_hash: contentHash({ text }), data: { text } };
}

function outbox(fail: (message: OutgoingMessage) => boolean = () => false) {
  const sent: OutgoingMessage[] = [];
  return {
    sent,
    async send(message: OutgoingMessage) {
      await Promise.resolve();
      if (fail(message)) throw new Error('refused');
      sent.push(message);
    },
  };
}

describe('packing', () => {
  test('keeps every change once and in order, in bodies within the limit, numbered on from the heading', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 40 }), (sizes) => {
        const changes = sizes.map((size, n) => change(n, 'ä'.repeat(size / 2)));
        const packed = [...pack({ ...heading, seq: 7 }, changes)];
        const messages = packed.map(({ body }) => toChangeMessage(JSON.parse(body.toString())));
        expect(messages.flatMap((message) => ('claim' in message ? [] : message.changes))).toEqual(changes);
        expect(messages.map((message) => ('claim' in message ? -1 : message.seq))).toEqual(packed.map((_, i) => i + 7));
        for (const { body, id } of packed) {
          expect(Buffer.byteLength(body)).toBeLessThanOrEqual(maxBodyBytes);
          expect(id).toBe(hash('sha256', body, 'hex'));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a change that is too large makes a body of its own; the next ones are within the limit again', () => {
    const sizes = [10, 500_000, 150_000, 150_000, 10];
    const packed = [
      ...pack(
        heading,
        sizes.map((size, n) => change(n, 'x'.repeat(size))),
      ),
    ];
    expect(packed.map(({ body }) => JSON.parse(body.toString()).changes.length)).toEqual([1, 1, 1, 2]);
    expect(packed.map(({ body }) => body.length <= maxBodyBytes)).toEqual([true, false, true, true]);
  });

  test('nothing makes no message', () => {
    expect([...pack(heading, [])]).toEqual([]);
  });
});

test('the hash of the content does not travel: whoever opens the message makes it', async () => {
  const sent = change(1, 'x');
  const [packed] = [...pack(heading, [sent])];
  const body = packed?.body.toString() ?? '';
  expect(body).not.toContain('content_hash');
  expect((await receive(JSON.parse(body), memoryBlobs())).changes).toEqual([sent]);
});

describe('delivering', () => {
  test('a change larger than a message travels as a claim, and arrives whole', async () => {
    const claims = memoryBlobs();
    const box = outbox();
    const big = change(1, 'x'.repeat(300_000));
    expect(await deliver(heading, [change(0, 'small'), big], { outbox: box, claims })).toBe(2);
    for (const { body } of box.sent) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(maxBodyBytes);
    const received = await Promise.all(box.sent.map(({ body }) => receive(JSON.parse(body.toString()), claims)));
    expect(received.flatMap((message) => message.changes).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['k0', 'k1']),
    );
    expect(received.flatMap((message) => message.changes)).toContainEqual(big);
  });

  test('fails if the queue refuses one message, after all others have ended', async () => {
    let n = 0;
    const box = outbox(() => n++ === 1);
    const changes = Array.from({ length: 5 }, (_, i) => change(i, 'x'.repeat(150_000)));
    await expect(deliver(heading, changes, { outbox: box, claims: memoryBlobs() })).rejects.toThrow('refused');
    expect(box.sent.length).toBe(4);
  });

  test.each([['text'], [null], [{}], [{ run_id: 'x' }], [{ claim: { blob: '../x' } }]])(
    'what is no message of ours is refused: %j',
    async (body) => {
      await expect(receive(body, memoryBlobs())).rejects.toMatchObject({ code: 'DATA_ERROR' });
    },
  );

  test('a message that names another dealer than its run is refused', async () => {
    const [packed] = [...pack({ ...heading, dealer_id: 'other' }, [change(1, 'x')])];
    await expect(receive(JSON.parse(packed?.body.toString() ?? ''), memoryBlobs())).rejects.toMatchObject({
      code: 'DATA_ERROR',
    });
  });

  test('a claim that is gone is refused', async () => {
    const body = { claim: { blob: 'a'.repeat(64), bytes: 1 } };
    await expect(receive(body, memoryBlobs())).rejects.toMatchObject({ code: 'DATA_ERROR' });
  });

  test('fails where one message was refused in the moment in which another was accepted', async () => {
    const settle: ((accepted: boolean) => void)[] = [];
    const queue = {
      send: () =>
        new Promise<void>((resolve, reject) => {
          settle.push((accepted) => (accepted ? resolve() : reject(new Error('refused'))));
        }),
    };
    const large = Array.from({ length: 20 }, (_, n) => change(n, 'x'.repeat(150_000)));
    const delivered = deliver(heading, large, { outbox: queue, claims: memoryBlobs() });
    let isOver = false;
    const refused = expect(delivered)
      .rejects.toThrow('refused')
      .finally(() => {
        isOver = true;
      });
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
    // No more are on their way at once, and one frame of the queue's settles several.
    expect(settle).toHaveLength(16);
    for (const [i, one] of settle.splice(0).entries()) one(i !== 1);
    for (let n = 0; n < 100 && !isOver; n++) {
      await new Promise(setImmediate);
      for (const one of settle.splice(0)) one(true);
    }
    await refused;
  });
});
