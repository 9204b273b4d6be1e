import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describeError, type Log } from '../log.ts';
import type { Webhook } from '../trigger.ts';
import { rpcPrefix, toManagementUrls, webhookPrefix } from './clientInput.ts';
import { type ManagementAnswer, manage } from './management.ts';
import type { Operations } from './operations.ts';

/** The management API at its two addresses, by the prefix of their paths. */
export function durableWebhooks(
  operations: Operations,
  key: string,
  origin: Promise<string>,
  log: Log,
): ReadonlyMap<string, Webhook> {
  const answer = async (request: IncomingMessage, path: string, query: URLSearchParams): Promise<ManagementAnswer> => {
    const segments = decodePath(path);
    if (!segments) return { status: 400, body: `The path can't be decoded` };
    const body = await text(request);
    const at = await origin;
    const urls = (id: string) => toManagementUrls(at, key, id);
    return manage({ method: request.method ?? '', segments, query, body }, operations, urls);
  };
  const serve = (prefix: string, isAllowed: (query: URLSearchParams) => boolean): Webhook => {
    return (request, response, url) => {
      if (!isAllowed(url.searchParams)) {
        request.resume();
        send(response, { status: 401, body: 'The parameter "code" is missing or wrong' });
        return;
      }
      answer(request, url.pathname.slice(prefix.length), url.searchParams).then(
        (it) => send(response, it),
        (error: unknown) => {
          log('error', 'durable', describeError(error));
          send(response, { status: 500, body: 'The local host has failed: see its log' });
        },
      );
    };
  };
  const rpc = rpcPrefix(key);
  return new Map([
    [webhookPrefix, serve(webhookPrefix, (query) => query.get('code') === key)],
    [rpc, serve(rpc, () => true)],
  ]);
}

function decodePath(path: string): string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, body }: ManagementAnswer): void {
  if (body === undefined || typeof body === 'string') {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
    return;
  }
  const location = 'statusQueryGetUri' in body && { location: String(body.statusQueryGetUri), 'retry-after': '10' };
  response.writeHead(status, { 'content-type': 'application/json', ...location }).end(JSON.stringify(body));
}
