// One diff by DuckDB in a process of its own: `diffPeer.ts BEFORE AFTER CHANGES`. Prints what it took as JSON.
import { DuckDBInstance } from '@duckdb/node-api';
import { startMeter } from './diffMeter.ts';

const [before, after, changes] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '1GB' });
const connection = await instance.connect();
await connection.run(`SET temp_directory = '${changes}.temp'; SET preserve_insertion_order = false`);

const meter = startMeter();
// Ragged rows are left out.
const read = (file: string | undefined) =>
  `read_csv('${file}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"',
            ignore_errors = true)`;
await connection.run(`
  COPY (
    SELECT CASE WHEN a.part_no IS NULL THEN 'insert' WHEN b.part_no IS NULL THEN 'delete' ELSE 'update' END AS kind,
           coalesce(b.part_no, a.part_no) AS key, b.*
    FROM ${read(before)} a FULL OUTER JOIN ${read(after)} b ON a.part_no = b.part_no
    WHERE a IS DISTINCT FROM b
  ) TO '${changes}' (FORMAT csv, HEADER false)`);
console.log(JSON.stringify(meter.stop()));
