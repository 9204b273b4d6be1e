import { defineFormat } from './format.ts';
export const xlsx = defineFormat({
  name: 'xlsx',
  mediaTypes: [],
  extensions: ['xlsx'],
  needs: 'stream',
  isBinary: true,
  detect: () => false,
  async *read() {},
});
