// What the Functions worker loads: makes the app from the settings and registers every door.
import { createApp } from '../shared/app.ts';
import { keyRoutes } from './admin/keys.ts';
import { healthRoutes } from './health/routes.ts';
import { registerRoutes } from './http/register.ts';

const app = createApp(process.env);

registerRoutes(app, [...healthRoutes(), ...keyRoutes()]);
