// What the Functions worker loads: makes the app from the settings and registers every door.
import { createApp } from '../shared/app.ts';
import { adminRoutes } from './admin/routes.ts';
import { registerDeadLetters } from './deadLetters/register.ts';
import { healthRoutes } from './health/routes.ts';
import { registerRoutes } from './http/register.ts';
import { pushRoutes } from './pushIngest/routes.ts';
import { quarantineRoutes } from './quarantine/routes.ts';
import { runRoutes } from './runs/routes.ts';
import { registerSweeps } from './runs/sweep.ts';
import { registerWriter } from './writeRecords/register.ts';

const app = createApp(process.env);

registerRoutes(app, [...healthRoutes(), ...adminRoutes(), ...pushRoutes(), ...runRoutes(), ...quarantineRoutes()]);
registerWriter(app);
registerDeadLetters(app);
registerSweeps(app);
