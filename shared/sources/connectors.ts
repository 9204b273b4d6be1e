import type { JSONSchema } from 'json-schema-to-ts';
import { polledConnectors } from '../connectors/registry.ts';
import { file } from './fileConnector.ts';

/** Every kind of connection that contract.md names. */
export const connectorNames = ['push', 'file', 'mssql', 'postgres', 'mysql', 'rest', 'webhook'] as const;

export type ConnectorName = (typeof connectorNames)[number];

/** What a connector lets a source set. */
export interface ConnectorSettings {
  /** Of the connection as a whole. */
  readonly source: JSONSchema;
  /** Of one entity: a table, a path, a delimiter. */
  readonly entity: JSONSchema;
}

/** How pushed text is read, where it doesn't say so itself. */
const pushEntitySettings = {
  title: 'PushEntitySettings',
  type: 'object',
  additionalProperties: false,
  properties: {
    delimiter: {
      type: 'string',
      minLength: 1,
      maxLength: 1,
      description: 'CSV: what separates fields. Default: found by the header.',
      examples: [';'],
    },
    quote: { type: 'string', minLength: 1, maxLength: 1, description: 'CSV: what encloses a field. Default: ".' },
  },
} as const;

const push: ConnectorSettings = {
  source: { title: 'PushSettings', type: 'object', additionalProperties: false, properties: {} },
  entity: pushEntitySettings,
};

/** The connectors that are built; a source with another one is refused. */
export const connectors: Readonly<Partial<Record<ConnectorName, ConnectorSettings>>> = {
  push,
  file,
  ...Object.fromEntries(Object.entries(polledConnectors).map(([name, { settings }]) => [name, settings])),
};
