import type { FieldSchema } from '../model/fieldSchema.ts';
import type { JsonValue } from '../model/json.ts';
import { setOwn } from '../model/json.ts';
import { shapeOf } from '../model/shape.ts';
import { type Coerce, coercionTo, keyCoercionTo, objectOf } from './coerce.ts';
import { readJsonText } from './jsonText.ts';
import { keep } from './keep.ts';
import { type SourceRow, stepsOf } from './path.ts';
import { Problems } from './problems.ts';
import { compileRule, type Fault } from './rule.ts';
import { isAbsent } from './scalar.ts';
import type { FieldMapping } from './schema.ts';
import type { TimeZone } from './zone.ts';

/** Builds one canonical value of a row. Undefined: there is none, or `problems` says why. */
type Build = (row: SourceRow, problems: Problems) => JsonValue | undefined;

export interface Target {
  readonly name: string;
  readonly build: Build;
  /** The row's own fields that it may read. */
  readonly roots: readonly string[];
}

interface Setting {
  readonly schema: Readonly<Record<string, FieldSchema>>;
  readonly key: ReadonlySet<string>;
  readonly zone: TimeZone;
  readonly fault: Fault;
  /** What stands before the fields in faults: `lines.each.` */
  readonly place: string;
}

/**
 * Compiles the fields of an object, in the order of their names, from a mapping of target paths. Paths into the same
 * field (`addresses[0].city`, `addresses[0].line1`) become one target.
 */
export function compileTargets(mapping: Readonly<Record<string, FieldMapping>>, setting: Setting): readonly Target[] {
  const tree = new Branch();
  for (const [path, rule] of Object.entries(mapping)) {
    const steps = stepsOf(path);
    if (steps === null) setting.fault(setting.place + path, 'is no path to a field');
    else if (!tree.put(steps, { path, rule }))
      setting.fault(setting.place + path, 'is mapped twice, as a whole and in part');
  }
  return [...tree.children.entries()].sort(byName).flatMap(([step, node]): Target[] => {
    const name = String(step);
    const schema = Object.hasOwn(setting.schema, name) ? setting.schema[name] : undefined;
    if (schema === undefined) {
      setting.fault(setting.place + name, 'is not a canonical field');
      return [];
    }
    const roots = new Set<string>();
    const toKey = setting.place === '' && setting.key.has(name) ? keyCoercionTo(schema, setting.zone) : undefined;
    return [{ name, build: compileNode(node, schema, setting, roots, toKey), roots: [...roots] }];
  });
}

interface Leaf {
  readonly path: string;
  readonly rule: FieldMapping;
}

class Branch {
  readonly children = new Map<string | number, Branch | Leaf>();

  /** False where a path to a leaf and a path through it meet. */
  put([step, ...rest]: readonly (string | number)[], leaf: Leaf): boolean {
    if (step === undefined) return false;
    const child = this.children.get(step);
    if (rest.length === 0) {
      this.children.set(step, leaf);
      return child === undefined;
    }
    if (child instanceof Branch) return child.put(rest, leaf);
    const branch = new Branch();
    this.children.set(step, branch);
    return branch.put(rest, leaf) && child === undefined;
  }
}

function byName([a]: readonly [string | number, unknown], [b]: readonly [string | number, unknown]): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : 1;
}

/** `schema` undefined: within `extensions`, where anything goes. */
function compileNode(
  node: Branch | Leaf,
  schema: FieldSchema | undefined,
  setting: Setting,
  roots: Set<string>,
  coerce?: Coerce,
): Build {
  if (!(node instanceof Branch)) return compileLeaf(node, schema, setting, roots, coerce);
  const children = [...node.children.entries()].sort(byName).map(([step, child]) => {
    const within = schemaWithin(schema, step);
    if (within === 'none') setting.fault(setting.place + firstPath(child), 'is not a canonical field');
    const childSchema = within === 'none' ? undefined : within;
    return { step, build: compileNode(child, childSchema, setting, roots) };
  });
  const isList = children.every(({ step }) => typeof step === 'number');
  if (!isList && children.some(({ step }) => typeof step === 'number')) {
    setting.fault(setting.place + firstPath(node), 'is mapped as a list and as an object');
  }
  return (row, problems) => {
    const list: JsonValue[] = [];
    const object: Record<string, JsonValue> = {};
    let empty = true;
    for (const { step, build } of children) {
      const from = problems.errors.length;
      const value = build(row, problems);
      if (problems.errors.length > from) problems.within(from, isList ? `[${step}]` : String(step));
      if (value === undefined) continue;
      empty = false;
      if (isList) list.push(value);
      else setOwn(object, String(step), value);
    }
    if (empty) return undefined;
    return isList ? list : object;
  };
}

function schemaWithin(schema: FieldSchema | undefined, step: string | number): FieldSchema | undefined | 'none' {
  if (schema === undefined) return undefined;
  if (typeof step === 'number') return schema.items ?? 'none';
  if (schema.type !== 'object') return 'none';
  if (schema.properties === undefined) return undefined;
  return (Object.hasOwn(schema.properties, step) ? schema.properties[step] : undefined) ?? 'none';
}

function firstPath(node: Branch | Leaf): string {
  if (!(node instanceof Branch)) return node.path;
  for (const child of node.children.values()) return firstPath(child);
  return '';
}

function compileLeaf(
  { path, rule }: Leaf,
  schema: FieldSchema | undefined,
  setting: Setting,
  roots: Set<string>,
  keyCoerce: Coerce | undefined,
): Build {
  const place = setting.place + path;
  const compiled = compileRule(rule, setting.zone, place, setting.fault);
  for (const root of compiled.roots) roots.add(root);
  if (typeof rule !== 'string' && rule.each !== undefined) {
    const item = schema?.items;
    if (item?.properties === undefined) setting.fault(place, 'is no list of lines, and can\'t have "each"');
    const inner = { ...setting, schema: item?.properties ?? {}, place: `${place}.each.` };
    return linesBuild(compiled.get, compileTargets(rule.each, inner));
  }
  const coerce = keyCoerce ?? (schema === undefined ? keepPresent : coercionTo(schema, setting.zone));
  checkFixed(typeof rule === 'string' ? undefined : rule.default, coerce, `${place}.default`, setting.fault);
  const { column } = compiled;
  // Most fields are a column: it is read without a detour.
  if (column !== undefined) return (row, problems) => coerce(row[column], problems);
  if (!compiled.constant) return (row, problems) => coerce(compiled.get(row, problems), problems);
  const problems = new Problems();
  const value = coerce(compiled.get({}, problems), problems);
  for (const error of problems.errors) setting.fault(`${place}.const`, error.detail);
  return () => value;
}

/** A fixed value that its field can't hold would reject every row: it is a fault of the mapping. */
function checkFixed(value: unknown, coerce: Coerce, place: string, fault: Fault): void {
  if (isAbsent(value)) return;
  const problems = new Problems();
  coerce(value, problems);
  for (const error of problems.errors) fault(place, error.detail);
}

const keepPresent: Coerce = (value, problems) => (isAbsent(value) ? undefined : keep(value, problems));

function linesBuild(get: (row: SourceRow, problems: Problems) => unknown, fields: readonly Target[]): Build {
  return (row, problems) => {
    const value = get(row, problems);
    if (isAbsent(value)) return undefined;
    const read = typeof value === 'string' ? readJsonText(value) : value;
    // XML can't tell a list of one from a single element.
    const elements: readonly unknown[] = Array.isArray(read) ? read : [read];
    return elements.map((element, index) => {
      const from = problems.errors.length;
      const line = buildLine(element, fields, problems);
      if (problems.errors.length > from) problems.within(from, `[${index}]`);
      return line;
    });
  };
}

function buildLine(element: unknown, fields: readonly Target[], problems: Problems): JsonValue {
  const line: Record<string, JsonValue> = {};
  const source = objectOf(element);
  if (source === null) problems.mapping(`must be an object, got ${shapeOf(element)}`);
  else {
    for (const { name, build } of fields) {
      const from = problems.errors.length;
      const value = build(source, problems);
      if (problems.errors.length > from) problems.within(from, name);
      if (value !== undefined) line[name] = value;
    }
  }
  return line;
}
