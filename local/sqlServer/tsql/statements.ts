import { is, type Token, tokenize } from './tokens.ts';

/** Where a statement begins behind a SET, which needs no semicolon. */
const beginnings = ['SET', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'BEGIN', 'COMMIT', 'ROLLBACK'];

/** The statements of a batch: between semicolons, and behind the SETs that clients put before a query. */
export function splitStatements(sql: string): Token[][] {
  const statements: Token[][] = [];
  let current: Token[] = [];
  const finish = () => {
    if (current.length > 0) statements.push(current);
    current = [];
  };
  for (const token of tokenize(sql)) {
    if (is(token, ';')) {
      finish();
      continue;
    }
    if (is(current[0], 'SET') && is(token, ...beginnings)) finish();
    current.push(token);
  }
  finish();
  return statements;
}
