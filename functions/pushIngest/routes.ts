import { checkText } from '../../shared/check.ts';
import { formatByMediaType } from '../../shared/formats/registry.ts';
import { namePattern } from '../../shared/sources/dealer.ts';
import type { Answer } from '../../shared/store/idempotency.ts';
import { nothingValid, type Receipt, readBatch } from '../../shared/sync/push.ts';
import { fail, retryAfterText, toProblem } from '../http/problem.ts';
import type { ApiResponse } from '../http/response.ts';
import { type Route, route } from '../http/route.ts';
import { rowErrorSchema } from '../runs/runDocument.ts';
import { charsetOf, hashOf, readBody, unpack } from './body.ts';
import { limitRate } from './rate.ts';

const count = { type: 'integer', minimum: 0 } as const;

const receiptSchema = {
  title: 'BatchReceipt',
  type: 'object',
  required: ['run_id', 'status', 'received', 'accepted', 'rejected', 'errors'],
  properties: {
    run_id: { type: 'string' },
    status: { type: 'string', description: 'As in a run. Follow the Location to see it end.' },
    received: { ...count, description: 'All rows.' },
    accepted: { ...count, description: 'received − rejected.' },
    rejected: { ...count, description: 'Could not be read, mapped or validated; they are in quarantine.' },
    errors: { type: 'array', maxItems: 100, items: rowErrorSchema },
  },
} as const;

const batchQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: {
    source: { type: 'string', pattern: namePattern, description: 'Whose mapping is taken. Default: the only one.' },
  },
} as const);

/** Seconds after which a run is likely to have closed. */
const closesWithin = '5';

export function pushRoutes(): Route[] {
  return [
    route({
      name: 'pushIngest',
      method: 'POST',
      path: 'dealers/{dealerId}/{entity}/batches',
      tag: 'push',
      summary: 'Push a batch of rows',
      description:
        'Rows that are valid are accepted once this answers 202; the others are in quarantine. A row with `"_op": "delete"` and its key deletes. A body that can not be read as a whole applies nothing.',
      access: { anyOf: ['ingest'] },
      query: batchQuery,
      headers: {
        'Idempotency-Key':
          'Up to 255 printable characters. The same key and body get the first answer again, for 24 hours.',
        'Content-Encoding': 'gzip, or nothing.',
      },
      body: {
        raw: ['application/json', 'application/x-ndjson', 'text/csv', 'application/xml'],
        description: 'At most 32 MiB, raw and unpacked, and 50,000 rows.',
      },
      responses: {
        202: {
          description: 'The valid rows are accepted.',
          schema: receiptSchema,
          headers: { Location: 'The run.', 'Retry-After': 'When to look at it.' },
        },
        409: { description: 'The first request with this Idempotency-Key is still under way.' },
        413: { description: 'More than 32 MiB or 50,000 rows.' },
        422: { description: 'No row is valid; or the Idempotency-Key was used for another body.' },
        429: { description: 'Too fast.', headers: { 'Retry-After': 'When there is room again.' } },
        503: { description: 'Something that we need does not answer. Send it again; nothing is applied twice.' },
      },
      async handler({ app, params, query, headers, bytes, mediaType, url, receivedAt, requestId }) {
        const { dealerId, entity } = params;
        const rate = await limitRate(app, dealerId);
        const format = formatByMediaType(mediaType ?? '') ?? fail(415, 'DATA_ERROR', 'This content type is not read.');
        const source = await app.sources.pushSource(dealerId, entity, query.source);
        const body = await readBody(bytes, headers);
        const pages = await readBatch(unpack(body, headers), format, { ...source.settings, ...charsetOf(headers) });

        const work = async (): Promise<Answer> => {
          const batch = { dealerId, entity, sourceId: source.sourceId, mapper: source.mapper, pages, receivedAt };
          const receipt = await app.push(batch);
          return nothingValid(receipt)
            ? { status: 422, body: refused(receipt, url.pathname, requestId) }
            : { status: 202, body: receipt };
        };
        const key = idempotencyKey(headers);
        const scope = { dealerId, entity, sourceId: source.sourceId };
        const answer =
          key === undefined ? await work() : await once(app.idempotency, scope, key, hashOf(body, headers), work);
        return withHeaders(answer, rate);
      },
    }),
  ];
}

type Idempotency = Parameters<Route['answer']>[0]['app']['idempotency'];
type Scope = Parameters<Idempotency['begin']>[0];

/** Does the work once a key; the same key and body get the first answer again. A failure is not remembered. */
async function once(
  idempotency: Idempotency,
  scope: Scope,
  key: string,
  bodyHash: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const begun = await idempotency.begin(scope, key, bodyHash);
  switch (begun.kind) {
    case 'answered':
      return begun.answer;
    case 'other body':
      return fail(422, 'CONFLICT', 'This Idempotency-Key was used for another body. Take a new key for a new batch.');
    case 'under way': {
      const headers = { 'retry-after': retryAfterText(begun.retryAfterMs) };
      return fail(409, 'CONFLICT', 'The first request with this Idempotency-Key is still under way.', {}, headers);
    }
    case 'ours':
      try {
        const answer = await work();
        await begun.lease.finish(answer);
        return answer;
      } catch (error) {
        // It runs out by itself; what the client must hear of is why the work failed.
        await begun.lease.release().catch(() => {});
        throw error;
      }
  }
}

/** An Idempotency-Key, quoted (a structured-field string) or not. */
function idempotencyKey(headers: Headers): string | undefined {
  const shown = headers.get('idempotency-key');
  if (shown === null) return undefined;
  const key = /^"(.*)"$/.exec(shown)?.[1] ?? shown;
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  return fail(400, 'DATA_ERROR', 'An Idempotency-Key has 1 to 255 printable ASCII characters.');
}

/** The problem document of a batch without a valid row: with the receipt's members, since there is a run. */
function refused({ status, ...members }: Receipt, instance: string, requestId: string): unknown {
  try {
    const detail = `None of the ${members.received} rows is valid; nothing was applied.`;
    return fail(422, 'DATA_ERROR', detail, { ...members, run_status: status });
  } catch (error) {
    return toProblem(error, instance, requestId).body;
  }
}

function withHeaders({ status, body }: Answer, rate: Readonly<Record<string, string>>): ApiResponse {
  if (status !== 202) return { status, body, headers: { ...rate, 'content-type': 'application/problem+json' } };
  const runId = typeof body === 'object' && body !== null && 'run_id' in body ? String(body.run_id) : '';
  return { status, body, headers: { ...rate, location: `/api/v1/runs/${runId}`, 'retry-after': closesWithin } };
}
