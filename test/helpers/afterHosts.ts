// Runs before each test file of integration/ (jest.config.js): what it registers comes before the file's own `afterAll`.
import { afterAll } from '@jest/globals';
import { killHosts } from './host.ts';

afterAll(killHosts);
