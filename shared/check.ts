import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { AdpError, type ErrorCode } from './errors.ts';

/** What is wrong with one place of a configuration or a request. */
export interface Fault {
  /** The place, as in `entities.part_stock.mapping.on_hand` or `schedule.windows[0].from`; empty for the whole. */
  readonly field: string;
  readonly code: ErrorCode;
  /** What was expected there. Never the value. */
  readonly detail: string;
}

/** Turns unknown data into a typed value by a JSON Schema, which is also its documentation. */
export interface Check<T> {
  readonly schema: JSONSchema;
  /**
   * The value itself if it is valid.
   * @throws AdpError `code` with every fault at once, which `faultsOf` gives
   */
  parse(value: unknown, code?: ErrorCode): T;
  /** Like `parse`, but answers the faults. An empty list means that it is valid. */
  faults(value: unknown, code?: ErrorCode): readonly Fault[];
}

/** A check of JSON as it is. */
export function checkJson<const Schema extends JSONSchema>(schema: Schema): Check<FromSchema<Schema>> {
  return checkBy<FromSchema<Schema>>(exact, schema);
}

/** A check of texts (a query), which are turned into the numbers and booleans that the schema asks for. */
export function checkText<const Schema extends JSONSchema>(schema: Schema): Check<FromSchema<Schema>> {
  return checkBy<FromSchema<Schema>>(coercing, schema);
}

/** An error that lists every fault; the message is for those who see only that. */
export function invalid(what: string, faults: readonly Fault[]): AdpError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const where = first === undefined || first.field === '' ? what : `${what}: ${first.field}`;
  const error = new AdpError(first?.code ?? 'DATA_ERROR', `${where} ${first?.detail ?? 'is not valid.'}${more}`, {
    disposition: 'park',
  });
  listed.set(error, faults);
  return error;
}

/** The faults of an error that `invalid` made; none of any other. */
export function faultsOf(error: unknown): readonly Fault[] {
  return (error instanceof AdpError ? listed.get(error) : undefined) ?? [];
}

const listed = new WeakMap<AdpError, readonly Fault[]>();

const maxFaults = 100;

const options = { strict: true, allowUnionTypes: true, allErrors: true, verbose: true };
const exact = new Ajv2020(options);
const coercing = new Ajv2020({ ...options, coerceTypes: true });
for (const ajv of [exact, coercing]) {
  ajvFormats.default(ajv, ['date-time', 'date']);
  ajv.addVocabulary(['example', 'x-key']);
  ajv.addFormat('time-zone', isTimeZone);
}

function checkBy<T>(ajv: Ajv2020, schema: JSONSchema): Check<T> {
  const compile = () => ajv.compile<T>(schema as object);
  let compiled: ReturnType<typeof compile> | undefined;
  const validate = () => {
    compiled ??= compile();
    return compiled;
  };
  const faultsBy = (errors: readonly ErrorObject[], code: ErrorCode) =>
    errors.slice(0, maxFaults).map((error) => toFault(error, code));
  return {
    schema,
    parse(value, code = 'DATA_ERROR') {
      const check = validate();
      if (check(value)) return value;
      throw invalid('The request', faultsBy(check.errors ?? [], code));
    },
    faults(value, code = 'DATA_ERROR') {
      const check = validate();
      return check(value) ? [] : faultsBy(check.errors ?? [], code);
    },
  };
}

function toFault(error: ErrorObject, code: ErrorCode): Fault {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const leaf: unknown =
    error.params.missingProperty ?? error.params.additionalProperty ?? error.params.propertyName ?? undefined;
  return { field: fieldPath(typeof leaf === 'string' ? [...path, leaf] : path), code, detail: expectation(error) };
}

/** `['a', '0', 'b']` as `a[0].b`. */
export function fieldPath(steps: readonly string[]): string {
  const text = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

function expectation(error: ErrorObject): string {
  const { params } = error;
  switch (error.keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return `is not known here; known are ${namesOf(error.parentSchema)}`;
    case 'propertyNames':
      return 'is not a name that may be used here';
    case 'enum':
      return `must be one of ${list(params.allowedValues)}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'type':
      return `must be ${Array.isArray(params.type) ? params.type.join(' or ') : String(params.type)}`;
    case 'format':
      return `must be a ${String(params.format)}${error.params.format === 'time-zone' ? ', as in America/Chicago' : ''}`;
    case 'pattern':
      return `must match ${String(params.pattern)}`;
    default:
      return error.message ?? 'is not valid';
  }
}

function namesOf(schema: unknown): string {
  const properties = isObject(schema) && isObject(schema.properties) ? Object.keys(schema.properties) : [];
  return properties.length === 0 ? 'none' : properties.join(', ');
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** True for an IANA zone that this platform knows. */
function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return /^[A-Za-z]/.test(text);
  } catch {
    return false;
  }
}
