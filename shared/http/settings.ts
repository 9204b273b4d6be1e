import { checkJson, invalid } from '../check.ts';
import type { JsonObject } from '../model/json.ts';

/** What a source's settings say of its requests, defaults filled in. */
export interface HttpSettings {
  readonly allowHttp: boolean;
  /** CIDRs beyond the internet. */
  readonly networks: readonly string[];
  /** Of a whole answer, its body included. */
  readonly timeoutMs: number;
  /** Of a body, unpacked. */
  readonly maxBytes: number;
}

const check = checkJson({
  type: 'object',
  properties: {
    allow_http: { type: 'boolean', description: 'Also plain http. Default: only https.' },
    networks: {
      type: 'array',
      items: { type: 'string' },
      description: 'Networks (CIDRs) beyond the internet where this source may be. Default: none.',
    },
    timeout_seconds: { type: 'number', exclusiveMinimum: 0, maximum: 600, description: 'Of an answer. Default: 120.' },
    max_megabytes: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 256,
      description: 'Of an answer, unpacked. Default: 64.',
    },
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
    maxBytes: (max_megabytes ?? 64) * 1024 * 1024,
  };
}
