import { checkText } from '../../shared/check.ts';
import { type EntityName, entities } from '../../shared/model/entities.ts';
import { continuationSchema, limitSchema } from '../http/page.ts';
import { fail } from '../http/problem.ts';

export const includeDeletedSchema = {
  type: 'boolean',
  description: 'Records that were deleted too, for the 90 days that they are kept. Default: false.',
} as const;

const options = {
  updated_since: {
    type: 'string',
    format: 'date-time',
    description: 'Only what was written at that time or later (`ingested_at`). Overlap a little between reads.',
  },
  include_deleted: includeDeletedSchema,
  limit: limitSchema,
  continuation: continuationSchema,
} as const;

/** Every entity's key fields: for OpenAPI, which knows one list for all entities. What fits is checked by `filtersOf`. */
const keyFields: Readonly<Record<string, { readonly type: 'string'; readonly description: string }>> =
  Object.fromEntries(
    [...new Set(Object.values(entities).flatMap(({ key }) => key))].map((field) => {
      const names = Object.values(entities).filter(({ key }) => key.includes(field));
      const description = `Only records with this value; a key field of ${names.map(({ name }) => name).join(', ')}.`;
      return [field, { type: 'string', description }];
    }),
  );

const optionsCheck = checkText({ type: 'object', properties: options } as const);

/** The query of a list of records: its own options, and key fields. */
export const recordsQuery = {
  ...optionsCheck,
  schema: { type: 'object', additionalProperties: false, properties: { ...keyFields, ...options } } as const,
};

/** The key fields that are filtered by. @throws a 400 problem that names what is allowed for this entity */
export function filtersOf(entity: EntityName, search: URLSearchParams): Record<string, string> {
  const { key } = entities[entity];
  const filters: Record<string, string> = {};
  for (const [name, value] of search) {
    if (Object.hasOwn(options, name)) continue;
    if (!key.includes(name)) {
      const allowed = [...key, ...Object.keys(options)].join(', ');
      fail(400, 'DATA_ERROR', `A list of ${entity} has no query parameter of that name; it has ${allowed}.`);
    }
    filters[name] = value;
  }
  return filters;
}
