/** A clock that stands until it is moved. */
export interface TestClock {
  (): number;
  /** Forwards, or backwards. */
  move(ms: number): void;
}

export function testClock(start = Date.parse('2026-01-31T12:00:00Z')): TestClock {
  let now = start;
  return Object.assign(() => now, {
    move(ms: number) {
      now += ms;
    },
  });
}
