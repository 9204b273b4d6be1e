import type { ErrorObject } from 'ajv/dist/2020.js';
import type { ErrorCode } from './errors.ts';

/** What is wrong with one place of a configuration or a request. */
export interface Fault {
  /** The place, as in `entities.part_stock.mapping.on_hand` or `schedule.windows[0].from`; empty for the whole. */
  readonly field: string;
  readonly code: ErrorCode;
  /** What was expected there. Never the value. */
  readonly detail: string;
}

/** Faults that are told; the rest shows once these are mended. */
const maxFaults = 100;

/** What AJV found, in words, and without what only follows from something else in the list. */
export function toFaults(errors: readonly ErrorObject[], code: ErrorCode): Fault[] {
  return errors
    .filter((error) => !isConsequence(error, errors))
    .slice(0, maxFaults)
    .map((error) => ({ field: fieldPath(placeOf(error)), code, detail: expectation(error) }));
}

/** `['a', '0', 'b']` as `a[0].b`. */
export function fieldPath(steps: readonly string[]): string {
  const text = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

/**
 * Of a choice (anyOf) AJV reports every branch and then the choice. Where a branch has the value's type, what is wrong
 * within it is told; else the choice is, and the branches' types are not.
 */
function isConsequence(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  // The names that are allowed are told with the name itself.
  if (error.propertyName !== undefined && error.keyword !== 'propertyNames') return true;
  // What the branch wants is told.
  if (error.keyword === 'if') return true;
  if (error.keyword === 'anyOf') return errors.some((other) => isInBranch(other, error) && !isOfType(other, error));
  return error.keyword === 'type' && errors.some((choice) => isInBranch(error, choice) && isOfType(error, choice));
}

function isInBranch(error: ErrorObject, choice: ErrorObject): boolean {
  return choice.keyword === 'anyOf' && error.schemaPath.startsWith(`${choice.schemaPath}/`);
}

function isOfType(error: ErrorObject, choice: ErrorObject): boolean {
  return error.keyword === 'type' && error.instancePath === choice.instancePath;
}

function placeOf(error: ErrorObject): string[] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { missingProperty, additionalProperty, propertyName } = error.params;
  const leaf: unknown = missingProperty ?? additionalProperty ?? propertyName;
  return typeof leaf === 'string' ? [...path, leaf] : path;
}

function expectation({ keyword, params, parentSchema, message }: ErrorObject): string {
  const schema: unknown = parentSchema;
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return `is not known here; known are ${keysOf(member(schema, 'properties')).join(', ') || 'none'}`;
    case 'propertyNames':
      return nameExpectation(member(schema, 'propertyNames'));
    case 'enum':
      return `must be one of ${textsOf(params.allowedValues).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'type':
      return `must be ${textsOf(Array.isArray(params.type) ? params.type : [params.type]).join(' or ')}`;
    case 'format':
      return `must be a ${formats[String(params.format)] ?? String(params.format)}`;
    case 'pattern':
      return `must match ${String(params.pattern)}`;
    case 'anyOf':
      return `must be ${choicesOf(member(schema, 'anyOf')).join(' or ')}`;
    default:
      return message ?? 'is not valid';
  }
}

function nameExpectation(names: unknown): string {
  const pattern = member(names, 'pattern');
  if (pattern !== undefined) return `has a name that must match ${String(pattern)}`;
  return `is not known here; known are ${textsOf(member(names, 'enum')).join(', ')}`;
}

const formats: Readonly<Record<string, string>> = {
  'time-zone': 'time zone of the IANA database, such as America/Chicago',
  'date-time': 'time with its zone, such as 2026-01-31T12:00:00Z',
  date: 'day such as 2026-01-31',
};

/** What the branches of a choice are, by their types. */
function choicesOf(branches: unknown): string[] {
  if (!Array.isArray(branches)) return [];
  return [...new Set(branches.flatMap((branch) => textsOf([member(branch, 'type')])))];
}

function textsOf(values: unknown): string[] {
  return Array.isArray(values) ? values.filter((value) => value !== undefined).map(String) : [];
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
