import { Ajv2020, type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { AdpError } from '../errors.ts';
import type { Problems } from './problems.ts';
import type { TimeZone } from './zone.ts';

/** What a transform does to a value that is there. Undefined: nothing is left, or `problems` says why it can't. */
export type Apply = (value: unknown, problems: Problems) => unknown;

export interface Transform {
  readonly name: string;
  /** @throws AdpError CONFIG_ERROR (park) that says which argument is wrong */
  compile(args: unknown, zone: TimeZone): Apply;
}

interface Definition<Args> {
  readonly name: string;
  /** The JSON Schema that `Args` derives from. */
  readonly args: SchemaObject;
  /** `zone` is the source's. */
  compile(args: Args, zone: TimeZone): Apply;
}

/** A transform by its name, its arguments (`FromSchema` of their JSON Schema), and what it does. */
export function defineTransform<Args>(definition: Definition<Args>): Transform {
  // Most programs that start compile no mapping, and none of them all transforms.
  let compiled: ValidateFunction<Args> | undefined;
  return {
    name: definition.name,
    compile(args, zone) {
      compiled ??= ajv.compile<Args>(definition.args);
      const isArgs = compiled;
      if (isArgs(args)) return definition.compile(args, zone);
      throw new AdpError('CONFIG_ERROR', (isArgs.errors ?? []).map(faultOf).join(', '));
    },
  };
}

/** The schema of a transform without arguments. */
export const noArgs = { type: 'object', additionalProperties: false } as const;

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });

function faultOf(error: ErrorObject): string {
  if (error.keyword === 'additionalProperties') return `has no argument "${String(error.params.additionalProperty)}"`;
  if (error.keyword === 'required') return `needs the argument "${String(error.params.missingProperty)}"`;
  return `${error.instancePath.slice(1).replaceAll('/', '.')} ${error.message ?? 'is not valid'}`.trim();
}
