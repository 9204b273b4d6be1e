import type { Connection, PulledPage, Query, Read, ReadMode } from '../../shared/connectors/connector.ts';
import { mssql } from '../../shared/connectors/sql/mssql.ts';
import { timeZone } from '../../shared/mapping/zone.ts';
import type { JsonObject, JsonValue } from '../../shared/model/json.ts';
import { passwords, type TestSqlServer } from './sqlServer.ts';
import { patient } from './sqlTools.ts';

/** What leads a source to the test's server as its reader, with TLS and the certificate verified. */
export function connectionString(server: { readonly port: number }, more = ''): string {
  return `Server=localhost,${server.port};Database=dms;User Id=reader;Password="${passwords.reader}";Encrypt=true;${more}`;
}

export interface MssqlSource extends Connection {
  /** All pages of a read, from its beginning. */
  read(query: Query, mode: ReadMode, cursor?: string, maxRows?: number): Promise<{ read: Read; pages: PulledPage[] }>;
}

/** @param settings of the source; `secret` instead of the usual connection string */
export async function openMssql(
  server: TestSqlServer,
  { secret = connectionString(server), ...settings }: JsonObject & { readonly secret?: string } = {},
): Promise<MssqlSource> {
  const tools = {
    clock: Date.now,
    timeZone,
    http: () => {
      throw new Error('A database needs no HTTP.');
    },
    readRows: () => {
      throw new Error('A database needs no formats.');
    },
  };
  const tls = { ca: server.authority.certificate };
  const source = { dealerId: 'acme', sourceId: 'dms', zone: 'UTC', concurrency: 8, secret, credential: 'acme-dms' };
  const connection = await mssql.open({ ...source, settings: { tls, ...patient, ...settings } }, tools);
  return {
    ...connection,
    async read(query, mode, cursor, maxRows = 5_000) {
      const { signal } = new AbortController();
      const read = await connection.begin(query, mode, cursor, signal);
      const pages: PulledPage[] = [];
      let place: JsonValue | undefined;
      do {
        const page = await connection.pull(query, read, place, maxRows, signal);
        pages.push(page);
        place = page.next;
      } while (place !== undefined);
      return { read, pages };
    },
  };
}

/** @param table as `dbo.Veh`, with the key `Id` unless the settings name another */
export function queryOf(
  table: string,
  cursor: Partial<Query['cursor']> & Pick<Query['cursor'], 'kind'>,
  settings: JsonObject = {},
): Query {
  return {
    entity: 'unit',
    settings: { table, key: ['Id'], ...settings },
    cursor: { column: undefined, overlapSeconds: 300, overlapIds: 100, ...cursor },
    columns: undefined,
    needed: [['Id']],
    keyColumns: ['Id'],
    zone: 'UTC',
  };
}

export function valuesOf(pages: readonly PulledPage[]): unknown[] {
  return pages.flatMap(({ rows }) => rows.map((row) => ('values' in row ? row.values : row)));
}
