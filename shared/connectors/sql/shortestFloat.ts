/** The shortest number that means the same 32-bit float: 0.1, which widened to 64 bits is 0.10000000149011612. */
export function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  // Nine tell all of them apart.
  return Number(value.toPrecision(9));
}
