import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isDecimal } from './decimal.ts';
import { type EntityName, entities } from './entities.ts';
import { type FieldError, maxErrorsPerRow } from './fieldError.ts';
import { isDate, isUtcTime } from './instant.ts';
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

const ajv = new Ajv2020({ strict: true, allErrors: true, verbose: true });
ajv.addVocabulary(['x-key']);
ajv.addFormat('decimal', isDecimal);
ajv.addFormat('date', isDate);
ajv.addFormat('date-time', isCanonicalTime);

function isCanonicalTime(text: string): boolean {
  return isUtcTime(text) && (text.length === 20 || text.at(-2) !== '0');
}

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
