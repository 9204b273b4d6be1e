import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { AdpError } from '../../shared/errors.ts';

/**
 * Checks what the hub answered by a schema that holds just what is used of it; what else is there passes.
 *
 * @param what for the error's message, with its article
 * @param schema of which `Answer` is the type (`FromSchema<typeof schema>`)
 * @returns a function that gives the body its type, or throws AdpError INTERNAL naming the first path that is wrong
 */
export function answerParser<Answer>(what: string, schema: object): (body: unknown) => Answer {
  let compiled: ValidateFunction<Answer> | undefined;
  return (body) => {
    compiled ??= new Ajv2020({ strict: false }).compile<Answer>(schema);
    const validate = compiled;
    if (validate(body)) return body;
    const [error] = validate.errors ?? [];
    const where = `${error?.instancePath ?? ''} ${error?.message ?? ''}`.trim();
    throw new AdpError('INTERNAL', `the hub answered something that is not ${what}: ${where} (is it another version?)`);
  };
}
