import { randomBytes } from 'node:crypto';
import path from 'node:path';
import sql from 'mssql';
import type { Authority } from '../../../local/certificates/authority.ts';
import { startSqlServer } from '../../../local/sqlServer/server.ts';
import type { CellRow } from '../cells.ts';
import { parts, stock, vendors } from '../dealers/altaCycles.ts';
import type { AdventureWorks } from '../tables.ts';

const tables: Readonly<Record<string, readonly string[]>> = {
  'dbo.Product': [
    'ProductID int NOT NULL PRIMARY KEY, ProductNumber nvarchar(25) NOT NULL, Name nvarchar(50) NOT NULL',
    'Color nvarchar(15), StandardCost money NOT NULL, State nchar(1) NOT NULL, ModifiedDate datetime2(3) NOT NULL',
  ],
  'dbo.ProductInventory': [
    'ProductInventoryID int NOT NULL PRIMARY KEY, ProductID int NOT NULL, LocationID smallint NOT NULL',
    'Shelf nvarchar(10) NOT NULL, Bin tinyint NOT NULL, Quantity int NOT NULL, ModifiedDate datetime2(3) NOT NULL',
    'Version rowversion NOT NULL',
  ],
  'dbo.Vendor': [
    'BusinessEntityID int NOT NULL PRIMARY KEY, AccountNumber nvarchar(15) NOT NULL, Name nvarchar(50) NOT NULL',
    'CreditRating tinyint NOT NULL, PreferredVendorStatus bit NOT NULL, ActiveFlag bit NOT NULL',
    'ModifiedDate datetime2(3) NOT NULL',
  ],
};
const indexes = [
  'CREATE INDEX IX_Vendor_ModifiedDate ON dbo.Vendor (ModifiedDate, BusinessEntityID)',
  'CREATE INDEX IX_ProductInventory_Version ON dbo.ProductInventory (Version, ProductInventoryID)',
];

/** The database behind the dealer's counter, and who may look into it. */
export interface CounterDatabase extends AsyncDisposable {
  /** Of a login that may read and do nothing else. */
  readonly connectionString: string;
  insert(table: string, rows: readonly CellRow[]): Promise<void>;
  /** One statement of the dealer's staff. */
  run(statement: string): Promise<void>;
}

/**
 * A SQL Server of this machine, with TLS, and in it the dealer's tables.
 *
 * @param folder where its files are
 * @param authority vouches for it; the hub has to trust it
 */
export async function startCounterDatabase(
  folder: string,
  authority: Authority,
  all: AdventureWorks,
): Promise<CounterDatabase> {
  const [staff, reader] = [newPassword(), newPassword()];
  const server = await startSqlServer({
    port: 0,
    databases: { Counter: path.join(folder, 'counter.sqlite') },
    users: { staff: { password: staff, mayWrite: true }, adp_reader: { password: reader, mayWrite: false } },
    certificate: authority.issue(),
  });
  const pool = new sql.ConnectionPool({
    server: 'localhost',
    port: server.port,
    user: 'staff',
    password: staff,
    database: 'Counter',
    pool: { max: 1 },
    options: { encrypt: true, cryptoCredentialsDetails: { ca: authority.certificate } },
  });
  const close = async () => {
    await pool.close();
    await server.close();
  };
  const run = async (statement: string) => {
    await pool.request().batch(statement);
  };
  const insert = (table: string, rows: readonly CellRow[]) => insertRows(pool, table, rows);
  try {
    await pool.connect();
    for (const [table, columns] of Object.entries(tables)) await run(`CREATE TABLE ${table} (${columns.join(', ')})`);
    for (const index of indexes) await run(index);
    await insert('dbo.Product', all.products.map(parts.row));
    await insert('dbo.ProductInventory', all.stock.map(stock.row));
    await insert('dbo.Vendor', all.vendors.map(vendors.row));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    connectionString: `Server=localhost,${server.port};Database=Counter;User Id=adp_reader;Password=${reader};Encrypt=true`,
    insert,
    run,
    [Symbol.asyncDispose]: close,
  };
}

/** SQL Server takes 2,100 parameters a statement. */
const mostParameters = 2_000;

async function insertRows(pool: sql.ConnectionPool, table: string, rows: readonly CellRow[]): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  const step = Math.floor(mostParameters / Math.max(1, names.length));
  for (let at = 0; at < rows.length; at += step) {
    const request = pool.request();
    const lines = rows.slice(at, at + step).map((row, r) => {
      const parameters = names.map((name, c) => {
        request.input(`p${r}_${c}`, sql.NVarChar(100), row[name] ?? null);
        return `@p${r}_${c}`;
      });
      return `(${parameters.join(', ')})`;
    });
    await request.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES ${lines.join(', ')}`);
  }
}

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}
