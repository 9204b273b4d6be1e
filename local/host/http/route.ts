import { configError } from '../config.ts';

/** A compiled route template of ASP.NET's kind: `dealers/{dealerId}/runs/{id:int}`, `{name?}`, `{*rest}`. */
export interface Route {
  /** The parameters of a path that fits; undefined where it doesn't. Text is compared without regard to case. */
  match(path: string): Readonly<Record<string, string>> | undefined;
  /** Sorts: of two routes that fit, the smaller is meant (literals before parameters before catch-alls). */
  readonly rank: string;
}

/** https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints */
const constraints: Readonly<Record<string, string>> = {
  int: '-?\\d+',
  long: '-?\\d+',
  guid: '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}',
  alpha: '[a-z]+',
  bool: 'true|false',
};

const literalRank = '0';

/**
 * @param template without a leading slash, prefix included
 * @throws AdpError CONFIG_ERROR for what isn't understood
 */
export function compileRoute(template: string, where: string): Route {
  const segments = template.split('/').filter((segment) => segment !== '');
  const compiled = segments.map((segment) => compileSegment(segment, where));
  const pattern = new RegExp(`^${compiled.map(({ source }) => source).join('')}/?$`, 'i');
  return {
    rank: compiled.map(({ rank }) => rank).join(''),
    match: (path) => {
      const found = pattern.exec(path);
      return found ? decodeParameters(found.groups ?? {}) : undefined;
    },
  };
}

function compileSegment(segment: string, where: string): { readonly source: string; readonly rank: string } {
  if (!/[{}]/.test(segment)) {
    return { source: `/${segment.replace(/[.*+?^$()|[\]\\]/g, '\\$&')}`, rank: literalRank };
  }
  const found = /^\{(\*{0,2})(\w+)(?::(\w+))?(\?)?\}$/.exec(segment);
  if (!found) throw configError(`${where}: the local host doesn't understand "${segment}"`);
  const [, star, name, constraint, optional] = found;
  if (star) return { source: `(?:/(?<${name}>.*))?`, rank: '4' };

  const value = constraint === undefined ? '[^/]+' : constraints[constraint];
  if (value === undefined) throw configError(`${where}: the local host doesn't know the constraint "${constraint}"`);
  if (optional) return { source: `(?:/(?<${name}>${value}))?`, rank: '3' };
  return { source: `/(?<${name}>${value})`, rank: constraint === undefined ? '2' : '1' };
}

function decodeParameters(groups: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) {
    if (value !== undefined) parameters[name] = decodeSegment(value);
  }
  return parameters;
}

// Kestrel leaves an escaped slash, and whatever isn't a valid escape, as it came.
function decodeSegment(text: string): string {
  return text
    .split(/(%2F)/i)
    .map((piece) => {
      try {
        return /^%2F$/i.test(piece) ? piece : decodeURIComponent(piece);
      } catch {
        return piece;
      }
    })
    .join('');
}
