/** `[dbo]`: https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers */
export function quote(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}
