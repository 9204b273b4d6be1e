import { AdpError, withoutSecrets } from '../../errors.ts';
import type { HttpAnswer, PulledRow, ReadRows } from '../connector.ts';
import { BodyWatch } from './bodyWatch.ts';
import type { RestEntity } from './entity.ts';
import { valueAt } from './member.ts';

/** Rows of one answer at most: it is held as a whole until it was accepted. */
export const maxRows = 50_000;

/** What an answer's body says. */
export interface Answered {
  readonly rows: readonly PulledRow[];
  /** JSON: everything around the rows. */
  readonly envelope: unknown;
}

/**
 * Reads an answer to its end.
 *
 * @param scrub takes the source's secret out of a text that people will see
 * @throws AdpError `NETWORK_ERROR` (retry) for a body that is cut short. `DATA_ERROR` (park) for one that is something
 * else, with how it begins. `CONFIG_ERROR` (park) for more than 50,000 rows. What the body itself throws passes through
 */
export async function readAnswer(
  { body, headers, status, secrets }: HttpAnswer,
  entity: RestEntity,
  readRows: ReadRows,
  scrub: (text: string) => string,
  signal: AbortSignal,
): Promise<Answered> {
  const { format, records, element, delimiter, encoding } = entity;
  const watch = new BodyWatch(body, format);
  const start = () => watch.start((text) => scrub(withoutSecrets(text, secrets)));
  const first = await watch.peek();
  if (first === '') return noBody(status, format);
  const strange = strangeness(format, headers.get('content-type') ?? '', first);
  if (strange !== undefined) {
    await watch.leave();
    throw notWhatItShouldBe(strange, format, start());
  }
  const rows: PulledRow[] = [];
  let envelope: unknown;
  try {
    const pages = readRows(watch.bytes(), {
      format,
      ...(records === undefined ? {} : { path: records }),
      ...(element === undefined ? {} : { element }),
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(encoding === undefined ? {} : { encoding }),
      signal,
      onEnvelope: (root) => {
        envelope = root;
      },
    });
    for await (const page of pages) {
      if (rows.length + page.length > maxRows) throw tooMany();
      rows.push(...page);
    }
  } catch (error) {
    if (watch.failure !== undefined || !(error instanceof AdpError) || error.code !== 'DATA_ERROR') throw error;
    if (watch.isCutShort()) throw cutShort(error);
    if (saysNone(envelope, records)) return { rows: [], envelope };
    throw new AdpError('DATA_ERROR', `${error.message} The answer begins: ${start()}`, {
      disposition: 'park',
      cause: error,
    });
  }
  // A last line that is no row and has no end was cut; one that has, is just bad.
  const last = rows.at(-1);
  if (format === 'ndjson' && last !== undefined && 'error' in last && watch.isCutShort()) throw cutShort();
  return { rows, envelope };
}

function noBody(status: number, format: RestEntity['format']): Answered {
  if (status !== 204 && status !== 205 && (format === 'json' || format === 'xml')) throw cutShort();
  return { rows: [], envelope: undefined };
}

/** Many programs write null for a list without elements; others for one that could not be had, and say why beside it. */
function saysNone(envelope: unknown, records: string | undefined): boolean {
  if (envelope === null) return records === undefined;
  if (valueAt(envelope, records ?? 'records') !== null) return false;
  return ['error', 'errors'].every((name) => {
    const said = valueAt(envelope, name);
    return said === undefined || said === null || said === false || (Array.isArray(said) && said.length === 0);
  });
}

/** What else an answer is than rows of its format; undefined where it may be these. */
function strangeness(format: RestEntity['format'], contentType: string, first: string): string | undefined {
  const start = first.replace(/^\ufeff/, '').trimStart();
  // PHP says text/html of whatever nobody says otherwise of.
  if ((format === 'json' || format === 'ndjson') && /^[[{]/.test(start)) return undefined;
  if (/^text\/html\b/i.test(contentType) || /^<(!doctype\s+html|html)\b/i.test(start)) return 'a web page';
  if (format !== 'xml' && start.startsWith('<')) return 'XML or a web page';
  if (format === 'xml' && /^[[{]/.test(start)) return 'JSON';
  return format === 'csv' && /^[[{]\s*["{[\]}]/.test(start) ? 'JSON' : undefined;
}

function notWhatItShouldBe(found: string, format: string, start: string): AdpError {
  const message = `The API answered with ${found} where ${format} was expected: check base_url, path and the credential. It begins: ${start}`;
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}

function cutShort(cause?: unknown): AdpError {
  return new AdpError('NETWORK_ERROR', 'The answer was cut short.', { cause });
}

function tooMany(): AdpError {
  const message = `The API answered with more than ${maxRows.toLocaleString('en-US')} rows at once: say how it pages (pagination), or have them delivered as a file.`;
  return new AdpError('CONFIG_ERROR', message);
}
