import { badParameter } from './refusal.ts';
import type { Attributes } from './secretTable.ts';

/** What a request may say of a secret; what is undefined is left as it was. */
export interface SecretFields {
  readonly contentType: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly attributes: Partial<Attributes>;
}

type Body = Readonly<Record<string, unknown>>;

/** Bytes of UTF-8, by Azure's limits of secrets. */
const longestValue = 25_600;

/** @throws Refusal 400 */
export function readValue({ value }: Body): string {
  if (typeof value !== 'string') throw badParameter('The value of a secret must be a text.');
  const bytes = Buffer.byteLength(value);
  if (bytes > longestValue)
    throw badParameter(`The value of a secret can't exceed ${longestValue} bytes; it has ${bytes}.`);
  return value;
}

/** @throws Refusal 400 */
export function readFields({ contentType, tags, attributes }: Body): SecretFields {
  if (contentType !== undefined && typeof contentType !== 'string') throw badParameter('contentType must be a text.');
  const { enabled, nbf, exp } = membersOf(attributes, 'attributes');
  if (enabled !== undefined && typeof enabled !== 'boolean') throw badParameter('enabled must be true or false.');
  return {
    contentType,
    tags: tags === undefined ? undefined : readTags(tags),
    attributes: { ...(enabled !== undefined && { enabled }), ...time('notBefore', nbf), ...time('expires', exp) },
  };
}

function readTags(tags: unknown): Record<string, string> {
  const entries = Object.entries(membersOf(tags, 'tags'));
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (typeof value !== 'string') throw badParameter(`The tag ${name} must be a text.`);
      return [name, value];
    }),
  );
}

function time(name: 'notBefore' | 'expires', value: unknown): Partial<Attributes> {
  if (value === undefined) return {};
  if (typeof value !== 'number') throw badParameter(`${name} must be a number of seconds since 1970.`);
  return { [name]: value };
}

function membersOf(value: unknown, name: string): Body {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') throw badParameter(`${name} must be an object.`);
  return { ...value };
}
