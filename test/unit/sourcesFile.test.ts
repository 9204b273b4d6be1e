import { describe, expect, test } from '@jest/globals';
import type { Candidate } from '../../shared/sources/candidate.ts';
import { nameFile } from '../../shared/sources/fileSource.ts';

const dealer = { name: 'Acme', time_zone: 'America/Chicago' };
const place = { folder: 'acme', file: 'acme_part.csv', path: 'acme/acme_part.csv', dealerId: 'acme' };
const mapping = { part_number: 'No' };

function candidate(folder?: string): Candidate {
  const settings = folder === undefined ? {} : { settings: { folder } };
  const source = { connector: 'file' as const, extends: 'dms', ...settings, entities: { supplier: {} } };
  const pack = { entities: { part: { mapping }, supplier: { mapping: { supplier_id: 'No' } } } };
  return { source: { id: 'nightly', value: source, etag: '1' }, pack };
}

describe('a file of an entity that no source brings', () => {
  test('is canonical', () => {
    expect(nameFile(dealer, [], place)).toMatchObject({ source: undefined, name: { entity: 'part', kind: 'full' } });
  });
  test('is refused, and says what to do, where the pack of a source maps it', () => {
    expect(() => nameFile(dealer, [candidate()], place)).toThrow('Add "part": {}');
  });
  test('is canonical where that source has another folder', () => {
    expect(nameFile(dealer, [candidate('acme/nightly')], place)).toMatchObject({ source: undefined });
  });
});
