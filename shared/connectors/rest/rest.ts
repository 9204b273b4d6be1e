import { type Connection, defineConnector } from '../connector.ts';
import { beginRead } from './begin.ts';
import { check } from './check.ts';
import { readSource } from './entity.ts';
import { entityFaults } from './faults.ts';
import { toPlace, toState } from './place.ts';
import { type PullTools, pullPage } from './pull.ts';
import { scrubber } from './scrub.ts';
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
  /** Connects at the first request. */
  async open(opened, tools): Promise<Connection> {
    const source = readSource(opened.settings);
    const http = tools.http({ source: opened, baseUrl: new URL(source.baseUrl) });
    const pullTools: PullTools = { ...tools, http, source, scrub: scrubber(opened.secret) };
    return {
      check: (queries, signal) => check(pullTools, queries, signal),
      async begin(query, mode, cursor) {
        return beginRead(source, query, mode, cursor, tools);
      },
      async pull(query, read, place, _maxRows, signal) {
        signal.throwIfAborted();
        return await pullPage(
          pullTools,
          query,
          read,
          toState(read.state),
          place === undefined ? undefined : toPlace(place),
          signal,
        );
      },
      close: () => http.close(),
    };
  },
});
