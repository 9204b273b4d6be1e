import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Writes Parquet as others do. */
export interface DuckParquet {
  /** What DuckDB writes of a query. @param options of `copy`, each with a comma before it */
  write(query: string, options?: string): Promise<Buffer>;
  close(): Promise<void>;
}

export async function openDuckParquet(): Promise<DuckParquet> {
  const folder = await mkdtemp(join(tmpdir(), 'adp-parquet-'));
  const database = await DuckDBInstance.create(':memory:', { threads: '1' });
  return {
    async write(query, options = '') {
      const connection = await database.connect();
      const path = join(folder, 'rows.parquet');
      await connection.run(`copy (${query}) to '${path}' (format parquet ${options})`);
      connection.closeSync();
      return await readFile(path);
    },
    async close() {
      database.closeSync();
      await rm(folder, { recursive: true });
    },
  };
}
