import { setTimeout as sleepFor } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { AdpError } from '../shared/errors.ts';
import type { Connection } from './connection.ts';
import { problemError } from './problem.ts';
import { retryAfterMs } from './retryAfter.ts';

export interface HubOptions extends Connection {
  /** Aborts every request and every wait. */
  readonly signal?: AbortSignal;
  readonly fetch?: typeof fetch;
  /** Milliseconds. Rejects when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly now?: () => number;
  /** Told before each wait, in words and milliseconds. */
  readonly onWait?: (reason: string, milliseconds: number) => void;
}

export interface HubRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as application/json. */
  readonly json?: unknown;
  /** Sent as it is, with the content type of `headers`. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses beyond 2xx that the caller understands: answered, not thrown. */
  readonly accept?: readonly number[];
}

export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed, but not checked: see answers/. Undefined where the answer has no body. */
  readonly body: unknown;
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** A hub that answers nothing for so long is taken for dead. */
const requestMilliseconds = 300_000;
const mostTries = 8;
/** A hub that never answered is more likely not there than busy. */
const mostTriesBeforeFirstAnswer = 3;
/** All waits of one request together. */
const mostWaiting = 300_000;
const firstBackoff = 250;
const longestBackoff = 10_000;

/**
 * Speaks HTTP with the hub (contract: /api/v1), as one key.
 *
 * A request is tried again, a bounded number of times, where trying again can help and can't harm: on 429 and 503 after
 * Retry-After, on 409 with Retry-After (its Idempotency-Key is under way), and on a lost connection, 502 and 504 where
 * the request is safe to repeat (everything but a POST without Idempotency-Key).
 */
export class HubClient {
  readonly baseUrl: string;
  readonly #options: HubOptions;
  #answered = false;

  constructor(options: HubOptions) {
    this.baseUrl = options.baseUrl;
    this.#options = options;
  }

  get(path: string, request: HubRequest = {}): Promise<HubAnswer> {
    return this.#send('GET', path, request);
  }

  put(path: string, request: HubRequest): Promise<HubAnswer> {
    return this.#send('PUT', path, request);
  }

  post(path: string, request: HubRequest = {}): Promise<HubAnswer> {
    return this.#send('POST', path, request);
  }

  delete(path: string, request: HubRequest = {}): Promise<HubAnswer> {
    return this.#send('DELETE', path, request);
  }

  /** Waits, unless the user interrupts. */
  sleep(milliseconds: number): Promise<void> {
    const { sleep = sleepUntil, signal } = this.#options;
    return sleep(milliseconds, signal);
  }

  /**
   * @throws AdpError with the code of the problem document, or NETWORK_ERROR where no answer came
   * @throws the signal's reason when the user interrupts
   */
  async #send(method: Method, path: string, request: HubRequest): Promise<HubAnswer> {
    const { onWait, now = Date.now } = this.#options;
    const repeatable = method !== 'POST' || request.headers?.['idempotency-key'] !== undefined;
    let waited = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#try(method, path, request);
      if (outcome.answer !== undefined && isWanted(outcome.answer.status, request)) return outcome.answer;
      const wait = Math.round(waitBefore(outcome, { attempt, repeatable, now: now() }));
      const tries = this.#answered ? mostTries : mostTriesBeforeFirstAnswer;
      if (attempt >= tries || Number.isNaN(wait) || waited + wait > mostWaiting) {
        throw errorOf(outcome, `${method} ${path}`);
      }
      onWait?.(outcome.answer ? `the hub is busy (${outcome.answer.status})` : 'the hub does not answer', wait);
      waited += wait;
      await this.sleep(wait);
    }
  }

  async #try(method: Method, path: string, request: HubRequest): Promise<Outcome> {
    const { signal, fetch: send = fetch, key } = this.#options;
    const timeout = AbortSignal.timeout(requestMilliseconds);
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    try {
      const response = await send(this.#address(path, request.query), {
        method,
        headers: {
          'x-api-key': key,
          accept: 'application/json, application/problem+json',
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(body === undefined ? {} : { body }),
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      this.#answered = true;
      const text = await response.text();
      return { answer: { status: response.status, headers: response.headers, body: parseBody(text) } };
    } catch (error) {
      signal?.throwIfAborted();
      const reason = timeout.aborted ? `no answer within ${requestMilliseconds / 1000} s` : reasonOf(error);
      return {
        error: new AdpError('NETWORK_ERROR', `${method} ${path} at ${this.baseUrl}: ${reason}`, { cause: error }),
      };
    }
  }

  #address(path: string, query: HubRequest['query'] = {}): string {
    const url = new URL(`${this.baseUrl}/api/v1${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }
}

type Outcome =
  | { readonly answer: HubAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: AdpError };

function isWanted(status: number, { accept = [] }: HubRequest): boolean {
  return (status >= 200 && status < 300) || accept.includes(status);
}

/** Milliseconds before the next try; NaN where another try would not help or could harm. */
function waitBefore(outcome: Outcome, state: { attempt: number; repeatable: boolean; now: number }): number {
  const backoff = Math.min(longestBackoff, firstBackoff * 2 ** (state.attempt - 1));
  if (outcome.answer === undefined) return state.repeatable ? backoff : Number.NaN;
  const { status, headers } = outcome.answer;
  const asked = retryAfterMs(headers, state.now);
  if (status === 429 || status === 503) return asked ?? backoff;
  if (status === 409) return asked ?? Number.NaN;
  if (status === 502 || status === 504) return state.repeatable ? (asked ?? backoff) : Number.NaN;
  return Number.NaN;
}

function errorOf({ answer, error }: Outcome, request: string): AdpError {
  return answer === undefined ? error : problemError(request, answer.status, answer.body);
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, most likely: its first words say more than nothing.
    return { detail: text.slice(0, 200) };
  }
}

/** `fetch failed` says nothing; what it wraps does (ECONNREFUSED and its like). */
function reasonOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  const { cause } = error;
  // Several addresses were tried: the first error is as good as any.
  const first: unknown =
    isNativeError(cause) && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors[0] : cause;
  return isNativeError(first) && first.message !== '' ? first.message : error.message;
}

async function sleepUntil(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleepFor(milliseconds, undefined, signal === undefined ? {} : { signal });
}
