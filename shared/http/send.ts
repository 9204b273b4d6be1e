import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import type { Http, HttpAnswer, HttpRequest } from '../connectors/connector.ts';
import type { Authentication, Authorization } from '../credentials/authentication.ts';
import { AdpError } from '../errors.ts';
import { askedPauseMs } from './askedPause.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { exchange, type Reply } from './exchange.ts';
import { placeOf } from './failure.ts';
import { isRedirect, redirected, type Unauthorized } from './redirect.ts';
import { refusalOf } from './refusal.ts';
import type { HttpSettings } from './settings.ts';
import { requireAllowed, withinOrigin, withoutQuery, withQuery } from './target.ts';

export interface SendingDeps {
  readonly baseUrl: URL;
  readonly settings: HttpSettings;
  readonly authentication: Authentication;
  /** `own` may show the source's certificate; `plain` is for wherever redirects lead. */
  readonly agents: { readonly own: () => Promise<Dispatcher>; readonly plain: () => Promise<Dispatcher> };
  readonly clock: Clock;
}

/** What came back in the end, and from where. */
interface Arrival {
  readonly reply: Reply;
  /** Without the credential. */
  readonly url: URL;
  /** False where a redirect led away, so that no credential was shown. */
  readonly isOwn: boolean;
}

const maxRedirects = 5;
/** Of a token that is refused: the one that another instance has left may be void as well. */
const maxRenewals = 2;
const userAgent = 'adp-integration-hub';
/** What says how the message itself travels is the client's to say. */
const ownHeaders =
  /^(?:host|connection|content-length|transfer-encoding|accept-encoding|upgrade|keep-alive|te|trailer|expect|proxy-.*)$/i;

/** Requests of one source. */
export function httpOf({ baseUrl, settings, authentication, agents, clock }: SendingDeps): Http {
  requireAllowed(baseUrl, settings, 'settings.base_url');

  const follow = async (
    first: Unauthorized,
    authorization: Authorization,
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<Arrival> => {
    const { headersMs, maxBytes } = settings;
    let request = first;
    for (let isOwn = true, hops = 0; ; hops++) {
      const outgoing = isOwn ? authorized(request, authorization) : request;
      const dispatcher = await (isOwn ? agents.own() : agents.plain());
      const limits = { deadline, headersMs, maxBytes };
      const reply = await exchange(outgoing, dispatcher, limits, signal).catch((error: unknown) => {
        throw hops === 0 ? error : ledAstray(first.url, error);
      });
      if (!isRedirect(reply.status)) return { reply, url: bare(request.url, authorization), isOwn };
      reply.discard();
      if (hops === maxRedirects)
        throw ledAstray(first.url, new AdpError('CONFIG_ERROR', `More than ${maxRedirects} redirects.`));
      const next = redirected(request, reply.status, reply.headers.get('location'));
      requireAllowed(next.url, settings, `The address that ${placeOf(request.url)} redirects to`);
      // Once away the credential stays away, wherever it goes from there.
      isOwn &&= next.url.origin === baseUrl.origin;
      request = isOwn ? next : { ...next, url: bare(next.url, authorization) };
    }
  };

  const ask = async (
    request: Unauthorized,
    expects: readonly number[],
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<HttpAnswer> => {
    let authorization = await authentication.authorize(signal);
    let arrival = await follow(request, authorization, deadline, signal);
    for (let renewals = 0; renewals < maxRenewals; renewals++) {
      if (arrival.reply.status !== 401 || !arrival.isOwn || authorization.renew === undefined) break;
      arrival.reply.discard();
      authorization = await authorization.renew(signal);
      arrival = await follow(request, authorization, deadline, signal);
    }
    const { reply, url } = arrival;
    if (!isData(reply.status) && !expects.includes(reply.status))
      throw await refusalOf(reply, url, authorization.secrets, clock());
    const { status, headers, body } = reply;
    return { status, headers, url, body, pauseMs: askedPauseMs(headers, clock()), secrets: authorization.secrets };
  };

  return {
    async send(request, signal) {
      signal.throwIfAborted();
      const deadline = startDeadline(settings.timeoutMs);
      try {
        const answer = await ask(toUnauthorized(request, baseUrl, settings), request.expects ?? [], deadline, signal);
        return { ...answer, body: thenClear(answer.body, deadline) };
      } catch (error) {
        deadline.clear();
        throw error;
      }
    },
    withoutCredential: (url) => withoutQuery(url, authentication.queryNames),
    async close() {
      for (const agent of new Set(Object.values(agents))) await (await agent()).destroy();
    },
  };
}

function isData(status: number): boolean {
  return (status >= 200 && status <= 299) || status === 304;
}

function toUnauthorized(request: HttpRequest, baseUrl: URL, settings: HttpSettings): Unauthorized {
  const { method, url, headers = {}, body } = request;
  requireAllowed(url, { ...settings, allowHttp: true }, 'The address of the request');
  const refused = Object.keys(headers).find((name) => ownHeaders.test(name));
  if (refused !== undefined) {
    throw new AdpError(
      'CONFIG_ERROR',
      `The header ${refused.toLowerCase()} is set by the hub: take it out of headers.`,
    );
  }
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    url: withinOrigin(url, baseUrl),
    headers: { 'user-agent': userAgent, accept: '*/*', ...lower },
    ...(body !== undefined && { body }),
  };
}

function authorized(request: Unauthorized, { headers, query }: Authorization): Unauthorized {
  return { ...request, url: withQuery(request.url, query), headers: { ...request.headers, ...headers } };
}

function bare(url: URL, { query }: Authorization): URL {
  return withoutQuery(url, Object.keys(query));
}

function ledAstray(from: URL, error: unknown): unknown {
  if (!(error instanceof AdpError) || error.code !== 'CONFIG_ERROR') return error;
  return new AdpError('CONFIG_ERROR', `${placeOf(from)} redirects to where it can't be followed: ${error.message}`);
}

async function* thenClear(body: AsyncIterable<Uint8Array>, deadline: Deadline): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    deadline.clear();
  }
}
