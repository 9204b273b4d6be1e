import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { buildOpenApi } from '../../functions/http/openapi.ts';
import { openApiRoute } from '../../functions/http/openapiRoute.ts';
import { basePath, parameterNames } from '../../functions/http/path.ts';
import { allRoutes } from '../../functions/routes.ts';
import { entities } from '../../shared/model/entities.ts';

const declared = allRoutes();
const routes = [...declared, openApiRoute(declared)];
// Documents are looked into as they come.
// biome-ignore lint/suspicious/noExplicitAny: see above
const document: any = JSON.parse(JSON.stringify(buildOpenApi(routes)));

// biome-ignore lint/suspicious/noExplicitAny: see above
type Operation = any;
const operations: { path: string; method: string; operation: Operation }[] = Object.entries(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods as object).map(([method, operation]) => ({
      path,
      method,
      operation: operation as Operation,
    })),
);

function* nodes(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const child of Object.values(value)) yield* nodes(child);
}

function resolve(ref: string): unknown {
  expect(ref).toMatch(/^#\//);
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
}

describe('the OpenAPI document', () => {
  test('has every route that is registered, and no other', () => {
    const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path.slice(1)}`).sort();
    expect(described).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  test('names every operation once', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  test('resolves every reference', () => {
    const refs = [...nodes(document)].flatMap((node) => (typeof node.$ref === 'string' ? [node.$ref] : []));
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) expect({ ref, found: resolve(ref) }).toEqual({ ref, found: expect.anything() });
  });

  test('declares each parameter of a path, and each parameter once', () => {
    for (const { path, operation } of operations) {
      const inPath = operation.parameters.filter((each: Operation) => each.in === 'path');
      expect(inPath.map((each: Operation) => each.name)).toEqual(parameterNames(path));
      for (const each of inPath) expect(each).toMatchObject({ required: true, schema: { type: 'string' } });
      const all = operation.parameters.map((each: Operation) => `${each.in} ${each.name}`);
      expect(new Set(all).size).toBe(all.length);
      for (const each of operation.parameters) expect(each.description).toMatch(/./);
    }
  });

  test('says who may, and what happens to the others', () => {
    for (const { path, operation } of operations) {
      const isOpen = operation.security.length === 0;
      expect({ path, isOpen }).toEqual({ path, isOpen: /^\/(health|openapi)/.test(path) });
      for (const status of isOpen ? ['500', '503'] : ['401', '500', '503']) {
        expect(Object.keys(operation.responses)).toContain(status);
      }
      if (!isOpen) expect(operation.security).toEqual([{ apiKey: [] }, { bearer: [] }]);
    }
    expect(Object.keys(document.components.securitySchemes)).toEqual(['apiKey', 'bearer']);
  });

  test('shows errors as problem documents', () => {
    for (const { path, operation } of operations) {
      for (const [status, response] of Object.entries<Operation>(operation.responses)) {
        expect(response.description).toMatch(/./);
        if (Number(status) < 400 || (path === '/health/ready' && status === '503')) continue;
        expect(response.content).toHaveProperty(['application/problem+json', 'schema', '$ref']);
      }
    }
  });

  test('has a success of every operation, with a schema unless it is empty', () => {
    for (const { operation } of operations) {
      const good = Object.entries<Operation>(operation.responses).filter(([status]) => Number(status) < 400);
      expect(good.length).toBeGreaterThan(0);
      for (const [status, response] of good) expect('content' in response).toBe(status !== '204');
    }
  });

  test('has the schema of every entity', () => {
    for (const name of Object.keys(entities)) expect(document.components.schemas).toHaveProperty(name);
  });

  test('has examples that its own schemas accept', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'doc:', ...document });
    let examples = 0;
    for (const { path, operation } of operations) {
      const contents = [operation.requestBody, ...Object.values<Operation>(operation.responses)].flatMap((each) =>
        Object.values<Operation>(each?.content ?? {}),
      );
      for (const { schema, example } of contents) {
        if (example === undefined) continue;
        examples++;
        const text = JSON.stringify(schema).replaceAll('"#/', '"doc:#/');
        const valid = ajv.compile(JSON.parse(text));
        expect({ path, valid: valid(example), errors: valid.errors }).toMatchObject({ path, valid: true });
      }
    }
    expect(examples).toBeGreaterThan(10);
  });

  test('is about the prefix that the host serves', async () => {
    const host = JSON.parse(await readFile('host.json', 'utf8'));
    expect(basePath).toBe(`/${host.extensions.http.routePrefix}/v1`);
    expect(document.servers).toEqual([{ url: basePath }]);
  });
});
