import { createHash, randomUUID } from 'node:crypto';
import { AdpError } from '../../shared/errors.ts';
import { type Pushed, parsePushed } from '../answers/pushed.ts';
import type { HubClient } from '../client.ts';
import { pathOf } from '../paths.ts';
import type { Batch } from './batch.ts';
import { type FileKind, mediaTypes } from './fileKind.ts';
import { openFile, readText } from './readText.ts';
import { splitCsv } from './splitCsv.ts';
import { splitNdjson } from './splitNdjson.ts';
import { wholeFile } from './wholeFile.ts';

export interface PushOptions {
  readonly dealer: string;
  readonly entity: string;
  /** A path, or `-` with `stdin`. */
  readonly file: string;
  readonly kind: FileKind;
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Default: the dealer's only push source with this entity. */
  readonly source?: string;
  readonly rowsPerBatch: number;
  /** How many batches are under way at once. */
  readonly concurrency: number;
  /** Default: the file's hash, so that the same file again changes nothing; for standard input something random. */
  readonly idempotencyPrefix?: string;
  /** Told after each batch. */
  readonly onProgress?: (progress: PushProgress) => void;
}

interface PushProgress {
  readonly batches: number;
  readonly rows: number;
}

interface RowError {
  /** The line of the file, or where lines say nothing, the record, from 1. */
  readonly where: string;
  readonly field: string | undefined;
  readonly code: string | undefined;
  readonly detail: string | undefined;
}

export interface PushResult {
  /** One a batch, in no certain order; a batch without a valid row has one too. */
  readonly runIds: readonly string[];
  readonly batches: number;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  /** The first of them. */
  readonly errors: readonly RowError[];
  /** When the push began, by the hub's clock, in milliseconds since 1970; undefined where it doesn't tell. */
  readonly beganAt: number | undefined;
}

const keptErrors = 20;

/**
 * Sends a file as batches. What a crash, a lost connection or a second call repeats is harmless: each batch has an
 * Idempotency-Key of its own that depends on the file's content only.
 *
 * @throws AdpError when a batch is refused or can't be delivered: no further ones are sent, and the message says how
 * many the hub has taken
 */
export async function pushFile(hub: HubClient, options: PushOptions): Promise<PushResult> {
  const { onProgress = () => {}, concurrency } = options;
  const prefix = options.idempotencyPrefix ?? (await defaultPrefix(options));
  const batches = splitFile(options);
  const result = { runIds: [] as string[], batches: 0, received: 0, accepted: 0, rejected: 0 };
  const errors: RowError[] = [];
  const started = Date.now();
  let beganAt: number | undefined;
  let failure: { readonly error: unknown } | undefined;

  const sender = async (): Promise<void> => {
    while (failure === undefined) {
      const next = await batches.next();
      if (next.done === true) return;
      const { pushed, answeredAt } = await sendBatch(hub, options, next.value, `${prefix}-${next.value.index}`);
      beganAt ??= answeredAt === undefined ? undefined : answeredAt - (Date.now() - started);
      result.runIds.push(pushed.run_id);
      result.batches++;
      result.received += pushed.received;
      result.accepted += pushed.accepted;
      result.rejected += pushed.rejected;
      if (errors.length < keptErrors) errors.push(...rowErrors(pushed, next.value));
      onProgress({ batches: result.batches, rows: result.received });
    }
  };
  const senders = Array.from({ length: concurrency }, () =>
    sender().catch((error: unknown) => {
      failure ??= { error };
    }),
  );
  await Promise.all(senders);
  if (failure !== undefined) throw stoppedError(failure.error, result.batches);
  return { ...result, errors: errors.slice(0, keptErrors), beganAt };
}

function splitFile({ file, kind, stdin, rowsPerBatch }: PushOptions): AsyncGenerator<Batch> {
  const bytes = file === '-' && stdin !== undefined ? stdin : openFile(file);
  const name = file === '-' ? 'standard input' : file;
  const texts = readText(bytes, kind.gzip, name);
  if (kind.format === 'ndjson') return splitNdjson(texts, rowsPerBatch);
  if (kind.format === 'csv') return splitCsv(texts, rowsPerBatch);
  return wholeFile(texts, name);
}

async function sendBatch(
  hub: HubClient,
  options: PushOptions,
  batch: Batch,
  idempotencyKey: string,
): Promise<{ pushed: Pushed; answeredAt: number | undefined }> {
  const { status, headers, body } = await hub.post(pathOf('dealers', options.dealer, options.entity, 'batches'), {
    query: { source: options.source },
    body: batch.body,
    headers: { 'content-type': mediaTypes[options.kind.format], 'idempotency-key': idempotencyKey },
    accept: [422],
  });
  if (status === 422 && !hasRun(body)) throw refusedError(body);
  const answeredAt = Date.parse(headers.get('date') ?? '');
  return { pushed: parsePushed(body), answeredAt: Number.isNaN(answeredAt) ? undefined : answeredAt };
}

/** 422 says that no row was valid (a run exists), or that the Idempotency-Key was used with another body. */
function hasRun(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'run_id' in body && 'received' in body;
}

function refusedError(body: unknown): AdpError {
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? String(body.detail) : 'refused';
  return new AdpError('DATA_ERROR', `422: ${detail} (another --idempotency-prefix makes it a new push)`);
}

function rowErrors({ errors = [] }: Pushed, batch: Batch): RowError[] {
  return errors.map(({ index, field, code, detail }) => {
    const line = typeof index === 'number' ? batch.lineOf(index) : undefined;
    const where = line === undefined ? `record ${typeof index === 'number' ? index + 1 : '?'}` : `line ${line}`;
    return { where, field: field ?? undefined, code, detail };
  });
}

/** Also holds how the file is cut: the same key with another body would be refused. */
async function defaultPrefix({ file, rowsPerBatch }: PushOptions): Promise<string> {
  if (file === '-') return `adp-${randomUUID()}`;
  const hash = createHash('sha256');
  try {
    for await (const chunk of openFile(file)) hash.update(chunk);
  } catch (error) {
    throw new AdpError('CONFIG_ERROR', `can't read ${file}: ${error instanceof Error ? error.message : error}`);
  }
  return `adp-${hash.digest('hex')}-${rowsPerBatch}`;
}

function stoppedError(error: unknown, taken: number): unknown {
  if (taken === 0 || !(error instanceof AdpError)) return error;
  const again = 'run the same command again: what was taken is not applied twice';
  return new AdpError(error.code, `${error.message}\nThe hub took ${taken} of the batches before; ${again}.`, {
    disposition: error.disposition,
    cause: error,
  });
}
