/**
 * The target of the first link with rel="next" in a Link header, as it is written there (RFC 8288, section 3); undefined
 * where there is none. Commas and semicolons within `<…>` and quotes part nothing.
 */
export function nextLink(header: string | null): string | undefined {
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(link)) {
    for (const [, name = '', quoted, token] of parameters.matchAll(parameter)) {
      if (name.toLowerCase() !== 'rel') continue;
      const relations = (quoted?.replace(/\\(.)/g, '$1') ?? token ?? '').toLowerCase().split(/\s+/);
      if (relations.includes('next')) return target.trim();
      // RFC 8288, 3.3: only the first rel of a link counts.
      break;
    }
  }
  return undefined;
}

const link = /<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)/g;
const parameter = /;\s*([^\s=;,]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/g;
