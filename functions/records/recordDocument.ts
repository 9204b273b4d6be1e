import { entities } from '../../shared/model/entities.ts';

const time = { type: 'string', format: 'date-time' } as const;

/** contract.md, "Documents". */
export const recordSchema = {
  title: 'Record',
  description: 'A canonical record as it is held.',
  type: 'object',
  required: ['id', 'dealer_id', 'entity', 'version', 'ingested_at', 'deleted_at'],
  properties: {
    id: { type: 'string', description: "Its key values in the schema's order, joined by colons." },
    dealer_id: { type: 'string' },
    entity: { type: 'string', enum: Object.keys(entities) },
    data: {
      description: 'Canonical data, by the schema of the entity. A deleted record has none.',
      anyOf: Object.values(entities).map(({ schema }) => schema),
    },
    source_id: { type: ['string', 'null'], description: 'The source that it came from; null for canonical rows.' },
    source_updated_at: { ...time, description: "The row's own modification time, or when it was captured." },
    version: { type: 'string', description: 'Orders what is known of the record: the greater wins.' },
    content_hash: { type: ['string', 'null'], description: 'SHA-256 in hex of the RFC 8785 form of `data`.' },
    ingested_at: { ...time, description: 'When it was last written here.' },
    run_id: { type: 'string', description: 'The run that wrote it last.' },
    first_run_id: { type: 'string', description: 'The run that first brought it.' },
    schema_version: { type: 'integer' },
    deleted_at: { type: ['string', 'null'], description: 'Of a deleted record: since when. It is kept for 90 days.' },
  },
} as const;

export const recordExample = {
  id: 'AR-5381:01:',
  dealer_id: 'acme',
  entity: 'part_stock',
  data: { part_number: 'AR-5381', branch_code: '01', bin: '', on_hand: 12 },
  source_id: 'dms',
  source_updated_at: '2026-01-31T12:00:00Z',
  version: '0000000000|2026-01-31T12:00:00.000000000Z|2026-01-31T12:05:00.000000000Z|000000000000',
  content_hash: '6c0f…',
  ingested_at: '2026-01-31T12:05:01.25Z',
  run_id: 'acme.…',
  first_run_id: 'acme.…',
  schema_version: 1,
  deleted_at: null,
};
