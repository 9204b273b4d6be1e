import { type Document, LineCounter, parseDocument } from 'yaml';
import type { Json, JsonObject } from './configuration.ts';

interface Problem {
  /** From 1; undefined where the file doesn't tell. */
  readonly line: number | undefined;
  readonly text: string;
}

export interface Parsed {
  readonly packs: Readonly<Record<string, JsonObject>>;
  readonly dealers: Readonly<
    Record<string, { readonly settings: JsonObject; readonly sources: Readonly<Record<string, JsonObject>> }>
  >;
  readonly problems: readonly Problem[];
}

const namePattern = /^[a-z0-9][a-z0-9_-]{1,62}$/;

/**
 * `{ packs: { name: pack }, dealers: { id: { name, time_zone, …, sources: { id: source } } } }`, in YAML or JSON. Looks
 * at the shape and the names; what is inside of a pack, dealer or source is for the hub to judge.
 *
 * @param extension `.json` allows JSON only
 */
export function parseFile(text: string, extension: string): Parsed {
  const strict = extension === '.json' ? jsonProblem(text) : undefined;
  if (strict !== undefined) return { packs: {}, dealers: {}, problems: [strict] };
  const lines = new LineCounter();
  // YAML 1.2 holds all of JSON, so one parser tells the lines of both.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, text: message }));
  if (syntax.length > 0) return { packs: {}, dealers: {}, problems: syntax };
  return new Reader(document, lines).read();
}

function jsonProblem(text: string): Problem | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = /\(line (\d+) column/.exec(message)?.[1];
    return { line: line === undefined ? undefined : Number(line), text: message };
  }
}

type Path = readonly string[];

class Reader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #problems: Problem[] = [];

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(): Parsed {
    const root = this.#object(this.#content(), []);
    for (const name of Object.keys(root)) {
      if (name !== 'packs' && name !== 'dealers') this.#problem([name], `"${name}" is neither packs nor dealers`);
    }
    const packs = this.#named(root, ['packs'], namePattern);
    const dealers: Record<string, Parsed['dealers'][string]> = {};
    for (const [id, dealer] of Object.entries(this.#named(root, ['dealers'], namePattern))) {
      const { sources: _, ...settings } = dealer;
      dealers[id] = { settings, sources: this.#named(dealer, ['dealers', id, 'sources'], namePattern) };
    }
    return { packs, dealers, problems: this.#problems };
  }

  #content(): Json {
    try {
      return toJson(this.#document.toJS());
    } catch {
      // The library refuses aliases that multiply; one that contains itself has no end.
      this.#problem([], 'the file has aliases (*name) without end');
      return {};
    }
  }

  /** The objects by name that stand under the last step of the path. */
  #named(parent: JsonObject, path: Path, names: RegExp): Record<string, JsonObject> {
    const group = parent[path.at(-1) ?? ''];
    const found: Record<string, JsonObject> = {};
    if (group === undefined || group === null) return found;
    for (const [name, value] of Object.entries(this.#object(group, path))) {
      if (!names.test(name)) this.#problem([...path, name], `"${name}" is not a name that matches ${names.source}`);
      else found[name] = this.#object(value, [...path, name]);
    }
    return found;
  }

  #object(value: Json, path: Path): JsonObject {
    if (isObject(value)) return value;
    this.#problem(path, `${path.length === 0 ? 'the file' : path.join('.')} must be a mapping of names`);
    return {};
  }

  #problem(path: Path, text: string): void {
    const node: unknown = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    const offset = offsetOf(node);
    this.#problems.push({ line: offset === undefined ? undefined : this.#lines.linePos(offset).line, text });
  }
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What YAML has beyond JSON (dates are text in YAML 1.2 already) becomes text; a `__proto__` stays a mere name. */
export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object') return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}
