import type { Tools } from '../../shared/connectors/connector.ts';
import { timeZone } from '../../shared/mapping/zone.ts';

/** All that a database connector needs: the time. */
export function sqlTools(clock: () => number = Date.now): Tools {
  const refuse = () => {
    throw new Error('A database connector needs neither HTTP nor formats.');
  };
  return { clock, http: refuse, readRows: refuse, timeZone };
}
