import type { JSONSchema } from 'json-schema-to-ts';
import { errorCodes } from '../../shared/errors.ts';
import { entities } from '../../shared/model/entities.ts';
import type { Access } from './access.ts';
import { basePath, parameterNames, pathParameters } from './path.ts';
import type { ResponseSpec, Route } from './route.ts';
import { type Schemas, toComponents } from './schemas.ts';

type Node = Readonly<Record<string, unknown>>;

const problemSchema = {
  title: 'Problem',
  description: 'What went wrong (RFC 9457). `code` says what kind of problem it is.',
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'],
  properties: {
    type: { const: 'about:blank' },
    title: { type: 'string', description: 'The status in words.' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'For people: what is wrong and what to do.' },
    instance: { type: 'string', description: 'The path that was asked for.' },
    code: { enum: errorCodes },
    request_id: { type: 'string', description: 'As in x-request-id; names the request in our logs.' },
    run_id: { type: 'string', description: 'The run, where there is one.' },
    errors: {
      type: 'array',
      description: 'Each fault by its place.',
      items: {
        type: 'object',
        required: ['code', 'detail'],
        properties: {
          field: { type: 'string' },
          code: { enum: errorCodes },
          detail: { type: 'string', description: 'What was expected there. Never the value.' },
        },
      },
    },
  },
} as const;

const problemExample = {
  type: 'about:blank',
  title: 'Forbidden',
  status: 403,
  detail: 'The key needs the scope ingest:{dealerId}.',
  instance: '/api/v1/dealers/acme/part_stock/batches',
  code: 'AUTH_FAILED',
  request_id: '0f5c7bd2-58b1-4c5e-9d8e-0f8f3f3a9f0e',
};

const description = `The door of ADP's integration hub: push a dealer's data, read what is held, see what happened, configure.

Errors are problem documents (RFC 9457). Every answer carries \`x-request-id\`; a request may bring its own. Credentials are
API keys, as \`x-api-key\` or as \`Authorization: Bearer\`. Lists answer \`items\` and, unless they are at their end,
\`continuation\`, also as a \`Link\` with \`rel="next"\`.`;

/** The OpenAPI 3.1 document of these routes, from the same schemas that validate. */
export function buildOpenApi(routes: readonly Route[]): Node {
  const schemas: Schemas = new Map();
  const problem = toComponents(problemSchema, schemas);
  for (const { schema } of Object.values(entities)) toComponents(schema, schemas);
  const paths: Record<string, Record<string, Node>> = {};
  for (const route of routes) {
    const path = `/${route.path}`;
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(route, problem, schemas);
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: "ADP's integration hub",
      version: '1.0.0',
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: basePath }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(schemas),
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'adp_{id}_{secret}' },
        bearer: { type: 'http', scheme: 'bearer', description: 'The same key.' },
      },
    },
  };
}

function operation(route: Route, problem: unknown, schemas: Schemas): Node {
  const body = requestBody(route, schemas);
  return {
    operationId: route.name,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, accessText(route.access)].filter((text) => text !== undefined).join('\n\n'),
    security: route.access === 'anonymous' ? [] : [{ apiKey: [] }, { bearer: [] }],
    parameters: [...pathParams(route), ...queryParams(route), ...headerParams(route)],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: Object.fromEntries(
      Object.entries(allResponses(route)).map(([status, response]) => [
        status,
        toResponse(Number(status), response, problem, schemas),
      ]),
    ),
  };
}

function accessText(access: Access): string {
  if (access === 'anonymous') return 'Needs no key.';
  if (access === 'authenticated') return 'Needs a key.';
  if (access === 'admin') return 'Needs the scope `admin`.';
  return `Needs the scope ${access.anyOf.map((scope) => `\`${scope}:{dealerId}\``).join(' or ')}.`;
}

function pathParams({ path }: Route): Node[] {
  return parameterNames(path).map((name) => ({ name, in: 'path', required: true, ...pathParameters[name] }));
}

function queryParams({ query }: Route): Node[] {
  const properties = typeof query?.schema === 'object' ? (query.schema.properties ?? {}) : {};
  return Object.entries(properties).map(([name, schema]) => {
    const { description = '', ...rest } = typeof schema === 'object' ? schema : {};
    return { name, in: 'query', required: false, description, schema: rest };
  });
}

function headerParams({ headers = {} }: Route): Node[] {
  const requestId = 'Names the request in answers and logs: at most 64 of A-Z, a-z, 0-9, `.`, `_`, `-`.';
  return Object.entries({ ...headers, 'x-request-id': requestId }).map(([name, text]) => ({
    name,
    in: 'header',
    required: false,
    description: text,
    schema: { type: 'string' },
  }));
}

function requestBody({ body }: Route, schemas: Schemas): Node | undefined {
  if (body === undefined) return undefined;
  if ('raw' in body) {
    const content = Object.fromEntries(body.raw.map((type) => [type, {}]));
    return { required: true, description: body.description, content };
  }
  const example = body.example === undefined ? {} : { example: body.example };
  return {
    required: body.optional !== true,
    content: { 'application/json': { schema: toComponents(body.json.schema, schemas), ...example } },
  };
}

/** What a route says of itself, and what follows from how it is declared. */
function allResponses({ access, path, query, body, method, responses }: Route): Record<number, ResponseSpec> {
  const follows: Record<number, ResponseSpec> = {};
  if (query !== undefined || body !== undefined || method === 'PUT') {
    follows[400] = { description: 'The request is not valid; `errors` says where.' };
  }
  if (access !== 'anonymous') {
    follows[401] = { description: 'No key, or one that is not valid.', headers: { 'WWW-Authenticate': 'Bearer' } };
  }
  if (access !== 'anonymous' && access !== 'authenticated') {
    follows[403] = { description: 'The key has not the scope, or the dealer is disabled or does not exist.' };
  }
  if (parameterNames(path).length > 0 && method !== 'PUT') follows[404] = { description: 'There is no such thing.' };
  if (body !== undefined) {
    follows[413] = { description: 'The body is too large.' };
    follows[415] = { description: 'The content type or encoding is not taken here.', headers: { Accept: 'What is.' } };
  }
  follows[500] = { description: 'Something went wrong on our side; it is in our logs by `request_id`.' };
  follows[503] = {
    description: 'Something that we need does not answer. Ask again.',
    headers: { 'Retry-After': 'Seconds to wait.' },
  };
  return { ...follows, ...responses };
}

function toResponse(status: number, response: ResponseSpec, problem: unknown, schemas: Schemas): Node {
  const { description: text, schema, headers = {}, example } = response;
  const shown = Object.entries({ ...headers, 'x-request-id': 'Names the request in our logs.' }).map(
    ([name, about]) => [name, { description: about, schema: { type: 'string' } }],
  );
  return {
    description: text,
    headers: Object.fromEntries(shown),
    ...contentOf(status, schema, example, problem, schemas),
  };
}

function contentOf(
  status: number,
  schema: JSONSchema | undefined,
  example: unknown,
  problem: unknown,
  schemas: Schemas,
): Node {
  if (schema === undefined && status < 400) return {};
  if (schema === undefined) {
    const shown = status === 403 ? { example: problemExample } : {};
    return { content: { 'application/problem+json': { schema: problem, ...shown } } };
  }
  const shown = example === undefined ? {} : { example };
  return { content: { 'application/json': { schema: toComponents(schema, schemas), ...shown } } };
}
