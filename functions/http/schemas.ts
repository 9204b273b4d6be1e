import type { JSONSchema } from 'json-schema-to-ts';

/** The schemas of an OpenAPI document by name. */
export type Schemas = Map<string, unknown>;

/** Keywords whose values are data, not schemas. */
const data: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples', 'required']);

/**
 * A schema as an OpenAPI document shows it: those that have a title stand in `components`, and are referred to.
 * @throws Error where two that differ have the same title
 */
export function toComponents(schema: JSONSchema, schemas: Schemas): unknown {
  return visit(schema, schemas);
}

function visit(node: unknown, schemas: Schemas): unknown {
  if (Array.isArray(node)) return node.map((item) => visit(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const shown = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, data.has(name) ? value : visit(value, schemas)]),
  );
  if (!('title' in node) || typeof node.title !== 'string') return shown;
  const known = schemas.get(node.title);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(shown)) {
    throw new Error(`Two schemas are called ${node.title}.`);
  }
  schemas.set(node.title, shown);
  return { $ref: `#/components/schemas/${node.title}` };
}
