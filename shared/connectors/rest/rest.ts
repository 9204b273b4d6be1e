import { defineConnector } from '../connector.ts';
import { openRest } from './connection.ts';
import { entityFaults } from './faults.ts';
import { restEntitySettings, restSourceSettings } from './settings.ts';

/** Any API that answers with JSON, NDJSON, CSV or XML, by configuration alone. */
export const rest = defineConnector({
  name: 'rest',
  settings: { source: restSourceSettings, entity: restEntitySettings },
  capabilities: {
    cursors: ['timestamp', 'token', 'monotonic_id', 'full'],
    needsCredential: false,
    readsKeys: false,
  },
  faultsOf: entityFaults,
  async open(source, tools) {
    return openRest(source, tools);
  },
});
