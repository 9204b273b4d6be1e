import { adminRoutes } from './admin/routes.ts';
import { healthRoutes } from './health/routes.ts';
import type { Route } from './http/route.ts';
import { pollRoutes } from './pollDealer/routes.ts';
import { pushRoutes } from './pushIngest/routes.ts';
import { quarantineRoutes } from './quarantine/routes.ts';
import { recordRoutes } from './records/routes.ts';
import { runRoutes } from './runs/routes.ts';

/** Every route of the API, but for the document that describes them. */
export function allRoutes(): Route[] {
  return [
    ...pushRoutes(),
    ...runRoutes(),
    ...recordRoutes(),
    ...quarantineRoutes(),
    ...adminRoutes(),
    ...pollRoutes(),
    ...healthRoutes(),
  ];
}
