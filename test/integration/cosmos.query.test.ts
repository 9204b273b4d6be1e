// Queries of random documents, through the SDK, against a plain filter in JavaScript that knows nothing of the server.
import type { Container, OperationInput } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Cosmos } from '../helpers/cosmos.ts';
import { cosmosKey, startCosmos } from '../helpers/cosmos.ts';

type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };
type Document = { readonly id: string; readonly [name: string]: Value };
/** SQL's answer: true, false or can't be said. */
type Verdict = boolean | undefined;

/** A condition in both languages. */
interface Condition {
  readonly sql: string;
  readonly verdict: (document: Document) => Verdict;
}

let cosmos: Cosmos;
let client: CosmosClient;
let container: Container;
let documents: Document[];

// Few values, so that conditions hit; all types, neighbours in sort orders, and text that sorts differently in UTF-16.
const scalars: readonly Value[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  2,
  1.5,
  1e15,
  '',
  '1',
  'a',
  'A',
  'ab',
  "a'b",
  'é',
  '\uffee',
  '😀',
  'true',
];
const scalar = fc.constantFrom(...scalars);
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('x', 'y'), scalar, { maxKeys: 2 }) },
);
const names = ['pk', 'a', 'b', 'a b'] as const;
const document = fc.record(
  {
    pk: fc.constantFrom<Value>('p', 'q', 1),
    a: value,
    b: value,
    'a b': value,
    deep: fc.record({ x: value, list: fc.array(value) }),
  },
  { requiredKeys: ['pk'] },
);

const own = (of: Value | undefined, name: string): Value | undefined =>
  typeof of === 'object' && of !== null && !Array.isArray(of) && Object.hasOwn(of, name)
    ? (of as { readonly [name: string]: Value })[name]
    : undefined;

interface Path {
  readonly sql: string;
  readonly get: (document: Document) => Value | undefined;
}
const path: fc.Arbitrary<Path> = fc.oneof(
  fc.constantFrom(...names, 'id', 'none').map((name) => ({ sql: `c["${name}"]`, get: (d: Document) => own(d, name) })),
  fc.constant<Path>({ sql: 'c.deep.x', get: (d) => own(own(d, 'deep'), 'x') }),
  fc.constant<Path>({
    sql: 'c.deep.list[0]',
    get: (d) => {
      const list = own(own(d, 'deep'), 'list');
      return Array.isArray(list) ? list[0] : undefined;
    },
  }),
);

const typeOf = (v: Value | undefined) => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);
const codePoints = (text: string) => [...text].map((character) => character.codePointAt(0) ?? 0);
const canonical = (v: Value | undefined): string =>
  JSON.stringify(v, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort())
      : inner,
  ) ?? 'undefined';

/** Negative, zero or positive, for two scalars of one type. */
const orderOf = (x: Value, y: Value): number => {
  if (typeof x === 'string' && typeof y === 'string') {
    const [a, b] = [codePoints(x), codePoints(y)];
    const i = a.findIndex((point, at) => point !== b[at]);
    return i === -1 ? a.length - b.length : (a[i] ?? 0) - (b[i] ?? -1);
  }
  return Number(x) - Number(y);
};

const compared = (operator: string, x: Value | undefined, y: Value | undefined): Verdict => {
  if (x === undefined || y === undefined || typeOf(x) !== typeOf(y)) return undefined;
  if (operator === '=') return canonical(x) === canonical(y);
  if (operator === '!=') return canonical(x) !== canonical(y);
  if (typeof x === 'object' && x !== null) return undefined;
  const order = orderOf(x, y);
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator];
};

const literal = (v: Value) => (typeof v === 'string' ? `"${v}"` : JSON.stringify(v));

const comparison: fc.Arbitrary<Condition> = fc
  .record({
    left: path,
    operator: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
    right: scalar,
    turned: fc.boolean(),
  })
  .filter(({ operator, right }) => operator !== '!=' || right !== null)
  .map(({ left, operator, right, turned }) => ({
    sql: turned ? `${literal(right)} ${operator} ${left.sql}` : `${left.sql} ${operator} ${literal(right)}`,
    verdict: (d) => (turned ? compared(operator, right, left.get(d)) : compared(operator, left.get(d), right)),
  }));

const pathComparison: fc.Arbitrary<Condition> = fc
  .record({ left: path, operator: fc.constantFrom('=', '!=', '<', '>='), right: path })
  .map(({ left, operator, right }) => ({
    sql: `${left.sql} ${operator} ${right.sql}`,
    verdict: (d) => compared(operator, left.get(d), right.get(d)),
  }));

const membership: fc.Arbitrary<Condition> = fc
  .record({ of: path, list: fc.array(scalar, { minLength: 1, maxLength: 4 }), negated: fc.boolean() })
  .map(({ of, list, negated }) => ({
    sql: `${of.sql} ${negated ? 'NOT IN' : 'IN'} (${list.map(literal).join(', ')})`,
    verdict: (d) => {
      const found = of.get(d);
      if (found === undefined) return undefined;
      return list.some((one) => canonical(one) === canonical(found)) !== negated;
    },
  }));

const functionCall: fc.Arbitrary<Condition> = fc
  .record({ of: path, name: fc.constantFrom('IS_DEFINED', 'IS_NULL', 'STARTSWITH', 'ARRAY_CONTAINS'), other: scalar })
  .map(({ of, name, other }): Condition => {
    if (name === 'IS_DEFINED') return { sql: `IS_DEFINED(${of.sql})`, verdict: (d) => of.get(d) !== undefined };
    if (name === 'IS_NULL') return { sql: `is_null(${of.sql})`, verdict: (d) => of.get(d) === null };
    return {
      sql: `${name}(${of.sql}, ${literal(other)})`,
      verdict: (d) => {
        const found = of.get(d);
        if (name === 'ARRAY_CONTAINS') {
          return Array.isArray(found) ? found.some((one) => canonical(one) === canonical(other)) : undefined;
        }
        return typeof found === 'string' && typeof other === 'string' ? found.startsWith(other) : undefined;
      },
    };
  });

const { condition } = fc.letrec<{ condition: Condition; simple: Condition }>((tie) => ({
  simple: fc.oneof(comparison, comparison, pathComparison, membership, functionCall),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('simple'),
    tie('condition').map(({ sql, verdict }) => ({
      sql: `NOT (${sql})`,
      verdict: (d: Document) => {
        const inner = verdict(d);
        return inner === undefined ? undefined : !inner;
      },
    })),
    fc.tuple(tie('condition'), tie('condition')).map(([x, y]) => ({
      sql: `(${x.sql} AND ${y.sql})`,
      verdict: (d: Document) => {
        const [a, b] = [x.verdict(d), y.verdict(d)];
        if (a === false || b === false) return false;
        return a === true && b === true ? true : undefined;
      },
    })),
    fc.tuple(tie('condition'), tie('condition')).map(([x, y]) => ({
      sql: `(${x.sql} OR ${y.sql})`,
      verdict: (d: Document) => {
        const [a, b] = [x.verdict(d), y.verdict(d)];
        if (a === true || b === true) return true;
        return a === false && b === false ? false : undefined;
      },
    })),
  ),
}));

const ranks = ['undefined', 'null', 'false', 'true', 'number', 'string', 'array', 'object'];
const rankOf = (v: Value | undefined) => ranks.indexOf(typeof v === 'boolean' ? String(v) : typeOf(v));

beforeAll(async () => {
  cosmos = await startCosmos();
  client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmosKey });
  const { database } = await client.databases.create({ id: 'queries' });
  const order = (name: string, direction: string) => ({ path: `/${name}`, order: direction });
  const definition = {
    id: 'c',
    partitionKey: { paths: ['/pk'] },
    indexingPolicy: {
      includedPaths: [{ path: '/*' }],
      compositeIndexes: [
        [order('a', 'ascending'), order('b', 'descending')],
        [order('b', 'ascending'), order('id', 'ascending')],
      ],
    },
  };
  container = (await database.containers.create(definition as never)).container;
  documents = fc
    .sample(document, { numRuns: 300, seed: 7 })
    .map((fields, i): Document => ({ id: `d${i}`, ...fields }) as Document);
  const operations = documents.map((resourceBody) => ({
    operationType: 'Create',
    partitionKey: resourceBody.pk,
    resourceBody,
  }));
  for (let i = 0; i < operations.length; i += 100) {
    await container.items.bulk(operations.slice(i, i + 100) as unknown as OperationInput[]);
  }
});

afterAll(async () => {
  client.dispose();
  await cosmos.stop();
});

const ask = async <T>(query: string, options: object = {}): Promise<T[]> =>
  (await container.items.query<T>(query, options).fetchAll()).resources;

test('WHERE selects what a plain filter selects, and COUNT counts it', async () => {
  await fc.assert(
    fc.asyncProperty(condition, async ({ sql, verdict }) => {
      const expected = documents.filter((d) => verdict(d) === true).map(({ id }) => id);
      const found = await ask<string>(`SELECT VALUE c.id FROM c WHERE ${sql}`, { maxItemCount: 1000 });
      expect([...found].sort()).toEqual([...expected].sort());
      expect(await ask(`SELECT VALUE COUNT(1) FROM c WHERE ${sql}`)).toEqual([expected.length]);
    }),
    { numRuns: 1500 },
  );
});

test('ORDER BY sorts by type and value, over any pages, within a partition and over all', async () => {
  const orders = fc.constantFrom(
    [['a', 1]],
    [['a', -1]],
    [['b', 1]],
    [
      ['a', 1],
      ['b', -1],
    ],
    [
      ['a', -1],
      ['b', 1],
    ],
    [
      ['b', 1],
      ['id', 1],
    ],
    [
      ['b', -1],
      ['id', -1],
    ],
  ) as fc.Arbitrary<[string, 1 | -1][]>;
  const where = fc.option(condition, { nil: { sql: 'true', verdict: () => true } });
  await fc.assert(
    fc.asyncProperty(
      orders,
      where,
      fc.integer({ min: 3, max: 90 }),
      fc.boolean(),
      async (order, { sql, verdict }, maxItemCount, onePartition) => {
        const by = order.map(([name, direction]) => `c.${name} ${direction === 1 ? 'ASC' : 'DESC'}`).join(', ');
        const options = { maxItemCount, ...(onePartition ? { partitionKey: 'p' } : {}) };
        const found = await ask<Document>(`SELECT * FROM c WHERE ${sql} ORDER BY ${by}`, options);
        const expected = documents.filter((d) => verdict(d) === true && (!onePartition || d.pk === 'p'));
        expect(found.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
        for (const [i, next] of found.slice(1).entries()) {
          const before = found[i];
          if (before !== undefined) expect(outOfOrder(before, next, order)).toBe(false);
        }
      },
    ),
    { numRuns: 250 },
  );
});

/** Whether two neighbours stand the wrong way round. How arrays and objects sort among themselves is Azure's secret. */
function outOfOrder(before: Document, next: Document, order: readonly [string, 1 | -1][]): boolean {
  for (const [name, direction] of order) {
    const [x, y] = [own(before, name), own(next, name)];
    const byType = rankOf(x) - rankOf(y);
    if (byType !== 0) return byType * direction > 0;
    if (x === undefined || y === undefined || x === null || y === null) continue;
    if (typeof x === 'object') return false;
    const byValue = orderOf(x, y);
    if (byValue !== 0) return byValue * direction > 0;
  }
  return false;
}

test('a selection of properties takes just these, under their names', async () => {
  const found = await ask<object>('SELECT c.id, c.a AS first, c["a b"], c.deep.x FROM c');
  const expected = documents.map((d) => ({ id: d.id, first: d.a, 'a b': d['a b'], x: own(own(d, 'deep'), 'x') }));
  const byId = (x: object) => ('id' in x ? String(x.id) : '');
  expect([...found].sort((x, y) => byId(x).localeCompare(byId(y)))).toEqual(
    expected
      .map((fields) => JSON.parse(JSON.stringify(fields)))
      .sort((x: object, y: object) => byId(x).localeCompare(byId(y))),
  );
});

test('parameters and literals mean the same', async () => {
  for (const one of scalars) {
    const parameters = [{ name: '@v', value: one as never }];
    const bound = await container.items
      .query({ query: 'SELECT VALUE c.id FROM c WHERE c.a = @v', parameters })
      .fetchAll();
    expect(bound.resources).toEqual(await ask(`SELECT VALUE c.id FROM c WHERE c.a = ${literal(one)}`));
  }
});

test('a list of what is wanted may come as one parameter', async () => {
  for (const list of [['d1', 'd2', 'd7', 'nowhere'], ['a', 1, null, 'é'], []]) {
    for (const name of ['id', 'a']) {
      const query = `SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(@list, c.${name})`;
      const { resources } = await container.items
        .query({ query, parameters: [{ name: '@list', value: list }] })
        .fetchAll();
      const expected = documents.filter((d) => list.some((one) => canonical(one) === canonical(own(d, name))));
      expect([...resources].sort()).toEqual(expected.map(({ id }) => id).sort());
    }
  }
});
