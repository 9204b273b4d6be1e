import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { AdpError, type ErrorCode } from './errors.ts';
import { type Fault, toFaults } from './fault.ts';
import { isTimeZone } from './mapping/zone.ts';

/** Turns unknown data into a typed value by a JSON Schema, which is also its documentation. */
export interface Check<T> {
  readonly schema: JSONSchema;
  /**
   * The value itself if it is valid.
   * @throws AdpError `DATA_ERROR` with every fault at once, which `faultsOf` gives
   */
  parse(value: unknown): T;
  /** What is wrong, under that code. An empty list means that it is valid. */
  faults(value: unknown, code?: ErrorCode): Fault[];
}

/** A check of JSON as it is. */
export function checkJson<const Schema extends JSONSchema>(schema: Schema): Check<FromSchema<Schema>> {
  return checkBy<FromSchema<Schema>>(exact, schema);
}

/** A check of texts (a query), which are turned into the numbers and booleans that the schema asks for. */
export function checkText<const Schema extends JSONSchema>(schema: Schema): Check<FromSchema<Schema>> {
  return checkBy<FromSchema<Schema>>(coercing, schema);
}

/** Documents what is checked further in, by whoever can say all at once what is wrong with it. */
export function uncheckedJson(schema: JSONSchema): Check<unknown> {
  return { schema, parse: (value) => value, faults: () => [] };
}

/** An error that lists every fault; the message is for those who see only that. */
export function invalid(what: string, faults: readonly Fault[]): AdpError {
  // A detail may be a sentence, with a full stop of its own.
  const texts = faults.map(({ field, detail }) => `${field} ${detail}`.trim().replace(/\.$/, ''));
  const error = new AdpError(faults[0]?.code ?? 'DATA_ERROR', `${what} is not valid: ${texts.join('; ')}.`, {
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
  const validator = () => {
    compiled ??= compile();
    return compiled;
  };
  return {
    schema,
    parse(value) {
      const check = validator();
      if (check(value)) return value;
      throw invalid('The request', toFaults(check.errors ?? [], 'DATA_ERROR'));
    },
    faults(value, code = 'DATA_ERROR') {
      const check = validator();
      return check(value) ? [] : toFaults(check.errors ?? [], code);
    },
  };
}
