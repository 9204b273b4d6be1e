import { rest } from '../../shared/connectors/rest/rest.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import type { ConnectorWorld, Troubled, WorldRow } from './connectorWorld.ts';
import { type Answering, type Asked, openRestSource, restQuery, startRestApi } from './restApi.ts';

/** How an API hands out pages: what its settings are, and what it answers. */
export interface RestPages {
  readonly pagination: JsonObject;
  /** Settings of it that this kind can't do without. */
  readonly needs: readonly string[];
  /** What precedes a page, and what leads to the next one. */
  readonly page: (asked: Asked, isLast: (end: number) => boolean) => { start: number; headers?: object; body?: object };
}

const size = 4;
const number = ({ url }: Asked, name: string) => Number(url.searchParams.get(name) ?? 0);

/** Every kind of pages that an API may have. */
export const restPages: Readonly<Record<string, RestPages>> = {
  offset: {
    pagination: { kind: 'offset', param: 'from', size_param: 'take', size },
    needs: ['param'],
    page: (asked) => ({ start: number(asked, 'from') }),
  },
  page: {
    pagination: { kind: 'page', param: 'page', first: 0, size },
    needs: ['param'],
    page: (asked) => ({ start: number(asked, 'page') * size }),
  },
  cursor: {
    pagination: { kind: 'cursor', param: 'from', from: 'next' },
    needs: ['param', 'from'],
    page(asked, isLast) {
      const start = number(asked, 'from');
      return { start, body: isLast(start + size) ? {} : { next: start + size } };
    },
  },
  next_url: {
    pagination: { kind: 'next_url', from: 'next' },
    needs: ['from'],
    page(asked, isLast) {
      const start = number(asked, 'from');
      return { start, body: isLast(start + size) ? {} : { next: linkTo(asked, start + size) } };
    },
  },
  link_header: {
    pagination: { kind: 'link_header' },
    needs: [],
    page(asked, isLast) {
      const start = number(asked, 'from');
      return {
        start,
        headers: isLast(start + size) ? {} : { link: `<${linkTo(asked, start + size)}>; rel="next"` },
      };
    },
  },
};

function linkTo({ url }: Asked, from: number): string {
  const link = new URL(url);
  link.searchParams.set('from', String(from));
  return link.href;
}

/** What the API says besides, which must not get into what is said of it. */
const token = 'open-sesame-4711';
const wrong = 'close-sesame-0815';

/** An API with one kind of pages, behind a bearer token that it writes into whatever goes wrong. */
export async function startRestConnectorWorld({ pagination, needs, page }: RestPages): Promise<ConnectorWorld> {
  const api = await startRestApi();
  const entity: JsonObject = { path: '/parts', records: 'items', pagination, incremental: { param: 'since' } };
  const query = (overlapSeconds = 300) =>
    restQuery(entity, { cursor: { kind: 'timestamp', column: 'modified', overlapSeconds, overlapIds: 0 } });
  const secretOf = (value: string) => JSON.stringify({ kind: 'bearer', token: value });
  const open = (value = token) => openRestSource(api, { secret: secretOf(value) });
  const guarded =
    (answer: Answering): Answering =>
    (asked) =>
      asked.headers.authorization === `Bearer ${token}`
        ? answer(asked)
        : { status: 401, body: { error: `${asked.headers.authorization} is not known` } };

  let rows: readonly WorldRow[] = [];
  const serve: Answering = guarded((asked) => {
    const since = Date.parse(asked.url.searchParams.get('since') ?? '1970-01-01');
    const found = rows.filter(({ at }) => at >= since).sort((a, b) => a.at - b.at || a.id - b.id);
    const { start, headers, body } = page(asked, (end) => end >= found.length);
    const items = found.slice(start, start + size).map(({ id, at }) => ({ id, modified: new Date(at).toISOString() }));
    return { headers: { ...headers }, body: { ...body, items } };
  });
  const inTrouble =
    (answer: Answering, value = token) =>
    async (): Promise<Troubled> => {
      api.answer = guarded(answer);
      const connection = await open(value);
      const asked = api.asked.length;
      const broken = api.broken;
      return {
        connection,
        query: query(),
        isAsked: async () => api.asked.length > asked && api.broken === broken,
        async end() {
          api.answer = serve;
          await connection.close();
        },
      };
    };
  const echo = ({ headers }: Asked) => ({ error: `You came with ${headers.authorization}` });

  return {
    connector: rest,
    source: {
      connector: 'rest',
      credential: 'dms',
      settings: { base_url: 'https://api.example.com' },
      entities: { part: { mapping: { part_number: 'id' }, modified: 'modified', settings: entity } },
    },
    required: {
      'settings.base_url': 'settings.base_url',
      'entities.part.settings.path': 'entities.part.settings.path',
      'entities.part.settings.pagination.kind': 'entities.part.settings.pagination.kind',
      // Else the API would not be told what was read already.
      'entities.part.settings.incremental': 'entities.part',
      ...Object.fromEntries(needs.map((name) => [`entities.part.settings.pagination.${name}`, 'entities.part'])),
      'entities.part.mapping.part_number': 'entities.part.mapping',
    },
    open: () => open(),
    async stock(stocked) {
      rows = stocked;
      api.answer = serve;
      return {
        query,
        async touch(ids, at) {
          rows = rows.map((row) => (ids.includes(row.id) ? { ...row, at } : row));
        },
      };
    },
    pageRows: size,
    troubles: {
      refused: inTrouble(serve, wrong),
      limited: inTrouble((asked) => ({ status: 429, headers: { 'retry-after': '7' }, body: echo(asked) })),
      failing: inTrouble((asked) => ({ status: 500, body: echo(asked) })),
      'cut short': inTrouble((asked) => ({ body: { ...echo(asked), items: [{ id: 1 }] }, breaksAfter: 60 })),
      silent: inTrouble(() => ({ body: '{"items":[', hangs: true })),
    },
    secretTexts: [token, wrong],
    stop: () => api.close(),
  };
}
