// What the Functions worker loads: makes the app from the settings and registers every door.
import { createApp } from '../shared/app.ts';
import { registerDeadLetters } from './deadLetters/register.ts';
import { registerDiffs } from './diffSnapshot/register.ts';
import { registerFileArrived } from './fileArrived/register.ts';
import { registerRoutes } from './http/register.ts';
import { registerPolls, withPolls } from './pollDealer/register.ts';
import { allRoutes } from './routes.ts';
import { registerSweeps } from './runs/sweep.ts';
import { registerScanShares } from './scanShares/register.ts';
import { registerWriter } from './writeRecords/register.ts';

const app = createApp(process.env);

registerRoutes(app, allRoutes(), withPolls);
registerWriter(app);
registerDeadLetters(app);
registerFileArrived(app);
registerDiffs(app);
registerScanShares(app);
registerPolls(app);
registerSweeps(app);
