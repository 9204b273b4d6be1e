// Runs before each test file (jest.config.js).
import fc from 'fast-check';
import { seed } from './seed.ts';

fc.configureGlobal({ seed });
