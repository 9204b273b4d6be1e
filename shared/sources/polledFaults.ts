import type { Connector } from '../connectors/connector.ts';
import type { Fault } from '../fault.ts';
import { faultOf } from '../sync/poll/schedule.ts';
import type { Dealer } from './dealer.ts';
import { effectiveEntity, entitiesOf, zoneOf } from './effective.ts';
import { cursorSettings, toJsonObject } from './polledSource.ts';
import type { Pack, Source } from './source.ts';

/** Whether a schedule is ever due doesn't depend on the day that it is asked. */
const anyDay = new Date(0);

/** What no schema can say of a polled source, its pack's parts included; its form is right. */
export function polledFaults(connector: Connector, dealer: Dealer, source: Source, pack: Pack | undefined): Fault[] {
  const faults: Fault[] = [];
  const note = (field: string, detail: string) => void faults.push({ field, code: 'CONFIG_ERROR', detail });
  const zone = zoneOf(dealer, source);
  const noteCron = (field: string, cron: string | undefined) => {
    const fault = cron === undefined ? undefined : faultOf({ cron }, zone, anyDay);
    if (fault !== undefined) note(field, fault);
  };

  if (connector.capabilities.needsCredential && source.credential === undefined) {
    note('credential', `must name the Key Vault secret with which ${connector.name} is opened`);
  }
  noteCron('schedule.cron', source.schedule?.cron);
  const settings = toJsonObject(source.settings ?? {});
  for (const entity of entitiesOf(source, pack)) {
    const place = `entities.${entity}`;
    const effective = effectiveEntity(dealer, source, pack, entity);
    const { kind, sweep, reconcile } = effective.cursor;
    noteCron(`${place}.cursor.sweep`, sweep);
    noteCron(`${place}.cursor.reconcile`, reconcile);
    const { cursors } = connector.capabilities;
    if (kind !== undefined && !cursors.includes(kind)) {
      note(`${place}.cursor.kind`, `must be one of ${cursors.join(', ')} for ${connector.name}`);
      continue;
    }
    const query = { settings: toJsonObject(effective.settings), cursor: cursorSettings(effective, connector) };
    for (const fault of connector.faultsOf?.(settings, query) ?? []) note(place, fault);
  }
  return faults;
}
