/** Where a drop lies: `{dealerId}/…/{file}`. */
export interface DropPlace {
  /** The first folder; empty where the file lies in none. */
  readonly dealerId: string;
  /** The folders between, joined by `/`; empty where there are none. */
  readonly folder: string;
  readonly file: string;
}

export function placeOf(path: string): DropPlace {
  const parts = path.split('/');
  const file = parts.pop() ?? '';
  return { dealerId: parts.shift() ?? '', folder: parts.join('/'), file };
}
