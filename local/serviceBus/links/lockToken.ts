/**
 * A lock token travels as a delivery's tag too, there in the byte order of a .NET Guid: its first three fields are
 * little-endian. The conversion is its own inverse.
 * Source: `reorderLockToken` in @azure/service-bus.
 */
export function swapGuid(bytes: Buffer): Buffer {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Buffer.from(order.map((index) => bytes[index] ?? 0));
}
