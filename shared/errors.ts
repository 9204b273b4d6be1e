/**
 * What went wrong, in the words that dealers and operators see (`code` of a problem document, a run's error, a
 * quarantined row).
 */
export const errorCodes = [
  'AUTH_FAILED',
  'RATE_LIMITED',
  'NETWORK_ERROR',
  'DATA_ERROR',
  'MAPPING_ERROR',
  'CONFIG_ERROR',
  'CONFLICT',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * What to do about it.
 * - `retry`: transient; the same call may succeed, perhaps after `retryAfterMs`
 * - `park`: needs a person (credentials, mapping, configuration)
 * - `skip`: this row only
 * - `fatal`: a bug or a broken promise
 */
export type Disposition = 'retry' | 'park' | 'skip' | 'fatal';

const usualDisposition: Record<ErrorCode, Disposition> = {
  AUTH_FAILED: 'park',
  RATE_LIMITED: 'retry',
  NETWORK_ERROR: 'retry',
  DATA_ERROR: 'skip',
  MAPPING_ERROR: 'park',
  CONFIG_ERROR: 'park',
  CONFLICT: 'retry',
  INTERNAL: 'fatal',
};

export interface ErrorOptions {
  /** Default: the usual one of the code. */
  readonly disposition?: Disposition;
  /** Milliseconds to wait before the next try, where the other side said so. */
  readonly retryAfterMs?: number;
  /** The error underneath. It is logged, never shown to a client: it may hold what a client must not see. */
  readonly cause?: unknown;
}

/** The one error class of the hub. `message` is for people, says what to do, and never holds a secret. */
export class AdpError extends Error {
  override readonly name = 'AdpError';
  readonly code: ErrorCode;
  readonly disposition: Disposition;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.disposition = options.disposition ?? usualDisposition[code];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Shorter texts are no secrets, and would tear holes into every word. */
const shortestSecret = 3;
/** A pattern of many more characters overflows the stack, by an error that repeats it. */
const longestPattern = 2_000;

/** A text as a message may hold it: in place of each secret, however it is written, it has `***`. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, Buffer.from(secret).toString('base64')])
    .flatMap(piecesOf)
    .filter(({ length }) => length >= shortestSecret && length <= text.length)
    .sort((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replace(anyFormOf(secret), '***'), text);
}

/** A secret, or all of one that is long in pieces of about the same length: none is so short that it would be no secret. */
function piecesOf(secret: string): string[] {
  if (secret.length <= longestPattern) return [secret];
  const characters = Array.from(secret);
  const size = Math.ceil(characters.length / Math.ceil(characters.length / longestPattern));
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, i) =>
    characters.slice(i * size, (i + 1) * size).join(''),
  );
}

/** A secret in a URL, in a form, in JSON (within JSON), in XML, whoever wrote these: any part of it may be escaped. */
function anyFormOf(secret: string): RegExp {
  // JSON writes backslashes before some characters, and twice. So none counts: nothing is tried in two ways then.
  const characters = Array.from(secret).filter((character) => character !== '\\');
  if (characters.length < shortestSecret) return new RegExp(Array.from(secret, plainForm).join(''), 'gu');
  const slash = secret.includes('\\') ? '(?:\\\\|(?<=\\\\)u005[cC]|%5[cC]|&#92;)' : '\\\\';
  // Before the first character there is an end to them: each of a long row would else be begun at, and followed to its end.
  return new RegExp(`${slash}{0,16}${characters.map(anyFormOfCharacter).join(`${slash}*`)}`, 'gu');
}

/** Letters and digits are escaped by nobody. */
function anyFormOfCharacter(character: string): string {
  if (/[0-9A-Za-z]/.test(character)) return character;
  const point = character.codePointAt(0) ?? 0;
  const units = character.split('').map((unit) => `u${anyCase(hex(unit.charCodeAt(0), 4))}`);
  const bytes = Array.from(Buffer.from(character), (byte) => `%${anyCase(hex(byte, 2))}`);
  const forms = [
    plainForm(character),
    `(?<=\\\\)${units.join('\\\\+')}`,
    bytes.join(''),
    `&#(?:0*${point}|[xX]0*${anyCase(hex(point, 0))});`,
    ...(short[character] ?? []),
  ];
  return `(?:${forms.join('|')})`;
}

const short: Readonly<Record<string, readonly string[]>> = {
  ' ': ['\\+'],
  '&': ['&amp;'],
  '<': ['&lt;'],
  '>': ['&gt;'],
  '"': ['&quot;'],
  "'": ['&apos;'],
  '\n': ['(?<=\\\\)n'],
  '\r': ['(?<=\\\\)r'],
  '\t': ['(?<=\\\\)t'],
};

function plainForm(character: string): string {
  return `\\u{${hex(character.codePointAt(0) ?? 0, 0)}}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/** True for an error that the same call may get over, now or later. */
export function isRetryable(error: unknown): error is AdpError {
  return error instanceof AdpError && error.disposition === 'retry';
}

/** True where another writer was first: what is there now decides. */
export function isConflict(error: unknown): error is AdpError {
  return error instanceof AdpError && error.code === 'CONFLICT';
}
