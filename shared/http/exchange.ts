import type { Dispatcher } from 'undici';
import type { Deadline } from './deadline.ts';
import { failureOf } from './failure.ts';
import { acceptEncoding, unpack } from './unpack.ts';

/** One request as it goes over the wire, its credential included. */
export interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back, whatever its status. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Unpacked and bounded; read to its end or returned from, else its connection stays taken until time is up. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that nobody wants. */
  discard(): void;
}

/**
 * Sends one request and follows no redirect.
 * @param limits `headersMs`: until an answer begins
 * @throws AdpError NETWORK_ERROR (retry) where there is no answer in time or the connection is lost, also while the
 * body is read; CONFIG_ERROR (park) where it may not or can't be sent; the reason of `signal` where that aborts
 */
export async function exchange(
  outgoing: Outgoing,
  dispatcher: Dispatcher,
  limits: { readonly deadline: Deadline; readonly headersMs: number; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Reply> {
  const { deadline, headersMs, maxBytes } = limits;
  const toError = (error: unknown): unknown => {
    if (signal.aborted) return signal.reason;
    return failureOf(error, outgoing.url, deadline.signal.aborted ? deadline.ms : undefined);
  };
  try {
    const { url, method, headers, body } = outgoing;
    const answer = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { ...headers, 'accept-encoding': acceptEncoding },
      ...(body !== undefined && { body }),
      headersTimeout: headersMs,
      bodyTimeout: deadline.ms,
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    const received = toHeaders(answer.headers);
    // An error would have no listener.
    const discard = () => void answer.body.on('error', () => {}).destroy();
    const bytes = async function* () {
      try {
        yield* unpack(answer.body, received.get('content-encoding') ?? '', maxBytes);
      } catch (error) {
        throw toError(error);
      } finally {
        discard();
      }
    };
    return { status: answer.statusCode, headers: received, body: bytes(), discard };
  } catch (error) {
    throw toError(error);
  }
}

function toHeaders(received: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    for (const one of value === undefined ? [] : [value].flat()) headers.append(name, one);
  }
  return headers;
}
