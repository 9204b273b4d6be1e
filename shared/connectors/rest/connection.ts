import type { Connection, OpenSource, Tools } from '../connector.ts';
import { beginRead } from './begin.ts';
import { checkEntity, checkTransport } from './check.ts';
import { readSource } from './entity.ts';
import { toPlace, toState } from './place.ts';
import { type PullTools, pullPage } from './pull.ts';
import { scrubber } from './scrub.ts';

/** An API that is read by its source's settings alone. Connects at the first request. */
export function openRest(opened: OpenSource, tools: Tools): Connection {
  const source = readSource(opened.settings);
  const http = tools.http({ source: opened, baseUrl: new URL(source.baseUrl) });
  const pullTools: PullTools = {
    clock: tools.clock,
    timeZone: tools.timeZone,
    readRows: tools.readRows,
    http,
    source,
    scrub: scrubber(opened.secret),
  };
  return {
    async check(queries, signal) {
      const findings = checkTransport(source);
      for (const query of queries) findings.push(...(await checkEntity(pullTools, query, signal)));
      return findings;
    },
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
}
