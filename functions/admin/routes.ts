import type { Route } from '../http/route.ts';
import { dealerRoutes } from './dealers.ts';
import { keyRoutes } from './keys.ts';
import { packRoutes } from './packs.ts';
import { sourceRoutes } from './sources.ts';

/** Configuration: who the dealers are, what their sources send, and whose keys open what. */
export function adminRoutes(): Route[] {
  return [...dealerRoutes(), ...sourceRoutes(), ...packRoutes(), ...keyRoutes()];
}
