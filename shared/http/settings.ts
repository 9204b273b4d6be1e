import { checkJson, invalid } from '../check.ts';
import type { JsonObject } from '../model/json.ts';

/** What a source's settings say of its requests, defaults filled in. */
export interface HttpSettings {
  readonly allowHttp: boolean;
  /** CIDRs beyond the internet. */
  readonly networks: readonly string[];
  /** Of a whole answer, its body included. */
  readonly timeoutMs: number;
  /** Until an answer begins: an API that is down need not be waited for as long as for a large body. */
  readonly headersMs: number;
  /** Of a body, unpacked. */
  readonly maxBytes: number;
}

/** What they are for, a connector's settings say. */
const check = checkJson({
  type: 'object',
  properties: {
    allow_http: { type: 'boolean' },
    networks: { type: 'array', items: { type: 'string' } },
    timeout_seconds: { type: 'number', exclusiveMinimum: 0, maximum: 600 },
    max_megabytes: { type: 'number', exclusiveMinimum: 0, maximum: 256 },
  },
} as const);

/** Reads what concerns requests; the rest is the connector's. @throws AdpError CONFIG_ERROR */
export function readHttpSettings(settings: JsonObject): HttpSettings {
  const faults = check.faults(settings, 'CONFIG_ERROR');
  if (faults.length > 0) throw invalid('settings', faults);
  const { allow_http, networks, timeout_seconds, max_megabytes } = check.parse(settings);
  return {
    allowHttp: allow_http ?? false,
    networks: networks ?? [],
    timeoutMs: (timeout_seconds ?? 120) * 1_000,
    headersMs: (timeout_seconds ?? 30) * 1_000,
    maxBytes: (max_megabytes ?? 64) * 1024 * 1024,
  };
}
