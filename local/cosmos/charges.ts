/**
 * Request units, as far as they can be guessed from outside: 1 for reading 1 KB, some 5 for writing it. For clients that
 * look at the header; nothing is limited by it.
 * https://learn.microsoft.com/azure/cosmos-db/request-units
 */
export function readCharge(bytes: number): number {
  return Math.max(1, bytes / 1024);
}

export function writeCharge(bytes: number): number {
  return 5 + Math.max(0.5, bytes / 1024) * 0.8;
}

export function queryCharge(documents: number, bytes: number): number {
  return 2.3 + documents * 0.05 + bytes / 20_480;
}
