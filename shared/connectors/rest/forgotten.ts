import { AdpError } from '../../errors.ts';
import type { RestEntity } from './entity.ts';
import type { Position, RestState } from './place.ts';

/** The statuses of an answer that say that the API has forgotten what it was asked by: a cursor, or the page before. */
export function forgettingStatuses({ incremental }: RestEntity, state: RestState, position: Position) {
  return state.isWhole && position.kind === 'first' ? [] : incremental.expired;
}

/** What a read that asks for everything is told, where the API must be told something. */
export function initialOf({ incremental }: RestEntity): Pick<RestState, 'since' | 'cursor'> {
  const { initial } = incremental;
  return initial === undefined ? {} : { since: initial, cursor: initial };
}

/** A read of changes as one of everything. */
export function asWhole({ since, cursor, seen, ...rest }: RestState, entity: RestEntity): RestState {
  return { ...rest, ...initialOf(entity), before: {}, isWhole: true };
}

/** A cursor that was forgotten voids what it stands for; a page does not: the next read is led to others. */
export function lostItsPlace(): AdpError {
  const message = "The API has forgotten how this read's pages go on: the next one begins anew.";
  return new AdpError('CONFLICT', message, { disposition: 'park' });
}
