import { Ajv2020, type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isDecimal } from './decimal.ts';
import { type EntityName, entities } from './entities.ts';
import { type FieldError, maxErrorsPerRow } from './fieldError.ts';
import type { FieldSchema } from './fieldSchema.ts';
import { isCanonicalTime, isDate } from './instant.ts';
import { shapeOf } from './shape.ts';

/** Checks canonical data against its entity's schema; an empty list means that they are valid. */
export type Validator = (data: unknown) => readonly FieldError[];

/** The entity's validator, compiled at its first use. */
export function validatorOf(entity: EntityName): Validator {
  let validator = validators.get(entity);
  if (validator === undefined) {
    validator = validatorBy(ajv.compile(entities[entity].schema), entity);
    validators.set(entity, validator);
  }
  return validator;
}

const validators = new Map<EntityName, Validator>();

/**
 * True for valid data, asked of data whose fields are known ones and have the types and formats of the schema already, as
 * those that were coerced to it: only what else the schema demands is looked at, a tenth of the work. What it says no to
 * is not valid; `Validator` says why.
 */
export type Check = (data: unknown) => boolean;

/** The entity's check, compiled at its first use. */
export function checkOf(entity: EntityName): Check {
  let check = checks.get(entity);
  if (check === undefined) {
    const validate = plainAjv.compile(demandsOf(entities[entity].schema) ?? true);
    check = (data) => validate(data);
    checks.set(entity, check);
  }
  return check;
}

const checks = new Map<EntityName, Check>();

/** What a schema demands besides known fields, types and formats; undefined where that is nothing. */
function demandsOf(schema: FieldSchema): SchemaObject | undefined {
  const { type, description, format, examples, default: _, additionalProperties, properties, items, ...rest } = schema;
  const inner: SchemaObject = { ...rest };
  const fields = Object.entries(properties ?? {}).flatMap(([name, field]) => {
    const demands = demandsOf(field);
    return demands === undefined ? [] : [[name, demands] as const];
  });
  if (fields.length > 0) inner.properties = Object.fromEntries(fields);
  const item = items && demandsOf(items);
  if (item !== undefined) inner.items = item;
  return Object.keys(inner).length === 0 ? undefined : { type, ...inner };
}

const ajv = new Ajv2020({ strict: true, allErrors: true, verbose: true });
ajv.addVocabulary(['x-key']);
ajv.addFormat('decimal', isDecimal);
ajv.addFormat('date', isDate);
ajv.addFormat('date-time', isCanonicalTime);

/** Says no more than yes or no, and takes a schema of which fields were left out. */
const plainAjv = new Ajv2020({ strict: true, strictRequired: false });
plainAjv.addVocabulary(['x-key']);

function validatorBy(validate: ValidateFunction, entity: EntityName): Validator {
  return (data) => {
    if (validate(data)) return none;
    return (validate.errors ?? []).slice(0, maxErrorsPerRow).map((error) => fieldErrorOf(error, entity));
  };
}

const none: readonly FieldError[] = [];

function fieldErrorOf(error: ErrorObject, entity: EntityName): FieldError {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const missing = error.keyword === 'required' ? String(error.params.missingProperty) : undefined;
  const unknown = error.keyword === 'additionalProperties' ? String(error.params.additionalProperty) : undefined;
  const leaf = missing ?? unknown;
  return {
    field: fieldName(leaf === undefined ? path : [...path, leaf]),
    code: 'DATA_ERROR',
    detail: detailOf(error, entity),
  };
}

function fieldName(steps: readonly string[]): string {
  const name = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('');
  return name.startsWith('.') ? name.slice(1) : name;
}

function detailOf(error: ErrorObject, entity: EntityName): string {
  const got = `got ${shapeOf(error.data)}`;
  switch (error.keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return `is not a field of ${entity}`;
    case 'type':
      return `must be ${typeWords[String(error.params.type)] ?? 'of another type'}, ${got}`;
    case 'format':
      return `must be ${formatWords[String(error.params.format)] ?? 'of another form'}, ${got}`;
    case 'pattern':
      return `must match ${String(error.params.pattern)}, ${got}`;
    case 'minLength':
      return 'must not be empty';
    default:
      return `${error.message ?? 'is not valid'}, ${got}`;
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
};

const formatWords: Readonly<Record<string, string>> = {
  decimal: 'a decimal number such as 12.50',
  date: 'a date such as 2025-05-13',
  'date-time': 'a time in UTC such as 2025-05-13T12:00:00Z',
};
