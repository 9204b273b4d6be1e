import type { Connection } from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import type { ConnectorWorld, Stock, Troubled } from './connectorWorld.ts';
import { until } from './poll.ts';
import { openWorld, queryOf, type SqlWorld } from './sqlWorld.ts';

/** A database, as the suite of all connectors sees it. */
export function sqlConnectorWorld(world: SqlWorld): ConnectorWorld {
  let tables = 0;
  const local = (ms: number) => new Date(ms).toISOString().slice(0, 19);
  const stock: ConnectorWorld['stock'] = async (rows) => {
    const table = `c${++tables}`;
    const name = world.tableSetting(table);
    await world.create(table, { id: 'id!', modified: 'local' }, ['id']);
    await world.insert(
      table,
      rows.map(({ id, at }) => ({ id, modified: local(at) })),
    );
    return {
      table,
      query: (overlapSeconds = 300) => queryOf({ table: name }, { cursor: 'modified', overlapSeconds }),
      touch: (ids: readonly number[], at: number) =>
        world.run(`UPDATE ${name} SET modified = '${local(at)}' WHERE id IN (${ids.join(', ')})`),
    } satisfies Stock & { table: string };
  };
  const troubled = (connection: Connection, more: Omit<Troubled, 'connection' | 'end'>): Troubled => ({
    connection,
    end: () => connection.close(),
    ...more,
  });
  const isAsked = async () => (await world.running()) > 0;
  const slow = async (more: Pick<Troubled, 'during' | 'isAsked'>) =>
    troubled(await openWorld(world, { settings: { queries: { slow: world.slowQuery } } }), {
      query: queryOf({ query: 'slow' }),
      ...more,
    });
  const oneRow = [{ id: 1, at: Date.now() }];
  const settings: JsonObject = { table: world.tableSetting('parts'), key: ['id'] };
  return {
    connector: world.connector,
    source: {
      connector: world.connector.name,
      credential: 'dms',
      entities: { part: { mapping: { part_number: 'id' }, modified: 'modified', settings } },
    },
    required: {
      credential: 'credential',
      'entities.part.settings.table': 'entities.part.settings.table',
      'entities.part.settings.key': 'entities.part.settings.key',
      'entities.part.mapping.part_number': 'entities.part.mapping',
    },
    open: () => openWorld(world),
    stock,
    pageRows: 4,
    troubles: {
      refused: async () => {
        const { query } = await stock(oneRow);
        const connection = await openWorld(world, { secret: world.secrets.wrongPassword });
        return troubled(connection, { query: query() });
      },
      limited: { never: 'A database has no such answer.' },
      failing: async () => {
        const held = `c${tables + 1}`;
        const { query } = await stock(oneRow);
        const connection = await openWorld(world, { settings: { lock_timeout_ms: 300 } });
        const release = await world.lock(held);
        const end = async () => {
          await release();
          await connection.close();
        };
        return { connection, query: query(), end };
      },
      'cut short': () =>
        slow({
          during: async () => {
            await until('the statement runs', isAsked);
            await world.kill();
          },
        }),
      silent: () => slow({ isAsked }),
    },
    secretTexts: world.secretTexts,
    stop: () => world.stop(),
  };
}
