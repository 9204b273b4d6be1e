import type { JSONSchema } from 'json-schema-to-ts';
import type { App } from '../../shared/app.ts';
import { anonymous, type Caller } from '../../shared/auth/caller.ts';
import { type Check, checkText } from '../../shared/check.ts';
import type { PollStarter } from '../../shared/sync/poll/pollStart.ts';
import type { Log } from '../../shared/telemetry/log.ts';
import { type Access, requireAdmin, requireReach } from './access.ts';
import { mediaTypeOf, readJson } from './body.ts';
import { hasParams, type ParamsOf, parameterFault, parameterNames, pathParameters } from './path.ts';
import { fail } from './problem.ts';
import { parseQuery } from './query.ts';
import type { ApiResponse } from './response.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** One status that a route answers with. Those of 400 and above are problem documents. */
export interface ResponseSpec {
  readonly description: string;
  readonly schema?: JSONSchema;
  readonly headers?: Readonly<Record<string, string>>;
  readonly example?: unknown;
}

/** What a request's body may be. */
export type BodySpec<Body> =
  | { readonly json: Check<Body>; readonly example?: unknown; readonly optional?: false }
  /** The handler gets `undefined` for an empty body. */
  | { readonly json: Check<NonNullable<Body>>; readonly example?: unknown; readonly optional: true }
  /** The handler reads `bytes` itself; other media types than these are a 415. */
  | { readonly raw: readonly string[]; readonly description: string };

/** A route: all that registration, authentication, validation and the OpenAPI document need. */
export interface RouteSpec<Path extends string, Query, Body> {
  /** Name of the function, and operationId. */
  readonly name: string;
  readonly method: Method;
  /** Below `/api/v1/`, without a slash at either end: `dealers/{dealerId}/runs`. Its parameters are in path.ts. */
  readonly path: Path;
  /** Chapter of the OpenAPI document. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly query?: Check<Query>;
  readonly body?: BodySpec<Body>;
  /** Request headers beyond the credentials, with what they are for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its requests have `polls`. */
  readonly startsPolls?: true;
  /** By status. Those that follow from access, query and body are added. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** An error becomes a problem document (problem.ts). */
  readonly handler: (request: ApiRequest<Path, Query, Body>) => Promise<ApiResponse>;
}

/** A request as it came in, before any check. */
export interface Incoming {
  readonly app: App;
  readonly url: URL;
  readonly headers: Headers;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly params: Readonly<Record<string, string>>;
  /** When it arrived, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly requestId: string;
  readonly log: Log;
  /** Of routes that start polls. */
  readonly polls?: PollStarter;
}

/** A request that was let in. */
export interface ApiRequest<Path extends string, Query, Body> extends Omit<Incoming, 'params'> {
  readonly caller: Caller;
  readonly params: ParamsOf<Path>;
  readonly query: Query;
  /** The JSON body; `undefined` on routes without, and where `bytes` is read. */
  readonly body: Body;
  /** Essence of the content type, in lower case: `text/csv`. */
  readonly mediaType: string | undefined;
}

/** A declared route, with its types checked and out of the way. */
export interface Route extends Omit<RouteSpec<string, unknown, unknown>, 'handler' | 'query' | 'body'> {
  readonly query?: { readonly schema: JSONSchema };
  readonly body?:
    | { readonly json: { readonly schema: JSONSchema }; readonly example?: unknown; readonly optional?: boolean }
    | { readonly raw: readonly string[]; readonly description: string };
  readonly answer: (incoming: Incoming) => Promise<ApiResponse>;
}

const noQuery = checkText({ type: 'object', properties: {}, additionalProperties: false });

/** Declares a route. @throws Error if its path has a parameter that path.ts doesn't know */
export function route<const Path extends string, Query = unknown, Body = undefined>(
  spec: RouteSpec<Path, Query, Body>,
): Route {
  for (const name of parameterNames(spec.path)) {
    if (!Object.hasOwn(pathParameters, name)) throw new Error(`${spec.name}: unknown path parameter ${name}`);
  }
  const { handler, ...declaration } = spec;
  return {
    ...declaration,
    async answer(incoming) {
      const { params } = incoming;
      const caller = await admit(spec.access, incoming);
      if (!hasParams(spec.path, params)) return fail(...paramsProblem(spec, params));
      const query = parseQuery(incoming.url.searchParams, (spec.query ?? noQuery) as Check<Query>);
      const body = await bodyOf(spec.body, incoming);
      const mediaType = mediaTypeOf(incoming.headers.get('content-type'));
      return handler({ ...incoming, caller, params, query, body, mediaType });
    },
  };
}

/** First of all who it is: what is wrong with a stranger's request is none of the stranger's business. */
async function admit(access: Access, { app, headers, params }: Incoming): Promise<Caller> {
  if (access === 'anonymous') return anonymous;
  const caller = await app.authenticator.caller(headers);
  if (access === 'admin') requireAdmin(caller);
  else if (access !== 'authenticated') await requireReach(app, caller, params.dealerId ?? '', access.anyOf);
  return caller;
}

/** A thing whose name can't be one doesn't exist; but to create it is a mistake in the request. */
function paramsProblem(
  { method, path }: { readonly method: Method; readonly path: string },
  params: Readonly<Record<string, string>>,
): [number, 'DATA_ERROR', string] {
  const faults = parameterNames(path).flatMap((name) => parameterFault(name, params[name] ?? '') ?? []);
  return [method === 'PUT' ? 400 : 404, 'DATA_ERROR', faults.join(' ')];
}

/** Without a JSON body `Body` is `undefined` by RouteSpec's own default, which TypeScript can't see from here. */
async function bodyOf<Body>(spec: BodySpec<Body> | undefined, { bytes, headers }: Incoming): Promise<Body> {
  if (spec === undefined) return undefined as Body;
  if ('raw' in spec) {
    const mediaType = mediaTypeOf(headers.get('content-type'));
    if (mediaType === undefined || !spec.raw.includes(mediaType)) {
      const types = spec.raw.join(', ');
      fail(415, 'DATA_ERROR', `The content type must be one of ${types}.`, {}, { accept: types });
    }
    return undefined as Body;
  }
  const value = await readJson(bytes, headers);
  if (value === undefined && spec.optional === true) return undefined as Body;
  if (value === undefined) return fail(400, 'DATA_ERROR', 'The body is missing: expected JSON.');
  return spec.json.parse(value);
}
