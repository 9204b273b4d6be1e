import type { Tools } from '../../shared/connectors/connector.ts';
import { timeZone } from '../../shared/mapping/zone.ts';

/** A login is waited for also where everything is stopped for a while: that it comes late is no test's business. */
export const patient = { connect_timeout_ms: 60_000 } as const;

/** All that a database connector needs: the time. */
export function sqlTools(clock: () => number = Date.now): Tools {
  const refuse = () => {
    throw new Error('A database connector needs neither HTTP nor formats.');
  };
  return { clock, http: refuse, readRows: refuse, timeZone };
}
