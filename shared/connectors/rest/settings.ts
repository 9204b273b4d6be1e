/** Text with placeholders: `{{since}}`, `{{page}}` … */
const template = { type: 'string', maxLength: 8_192 } as const;

const parameter = {
  type: 'string',
  pattern: '^[^\\s&?#=]{1,128}$',
  description: 'The name of a query parameter.',
} as const;

const path = { type: 'string', pattern: '^[^.]+(\\.[^.]+)*$', maxLength: 512 } as const;

const headerName = { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$" } as const;

const parameters = {
  type: 'object',
  description: 'Query parameters, as templates. One whose placeholder has no value yet is left out.',
  propertyNames: parameter,
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  examples: [{ status: 'active', updated_since: '{{since}}', per_page: '{{limit}}' }],
} as const;

const headers = {
  type: 'object',
  description: 'Headers, as templates. Never credentials: these are kept in Key Vault.',
  propertyNames: headerName,
  additionalProperties: template,
  examples: [{ accept: 'application/json' }],
} as const;

/** Where the API tells something besides the rows: in the body around them, or in a header. */
const told = (description: string) =>
  ({
    type: 'object',
    description,
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    properties: {
      path: { ...path, description: 'JSON: names joined by dots, from the root.' },
      header: { ...headerName, description: 'A header of the answer.' },
    },
    examples: [{ path: 'meta.total' }, { header: 'X-Total-Count' }],
  }) as const;

/** What a REST source sets for all of its entities. */
export const restSourceSettings = {
  title: 'RestSettings',
  type: 'object',
  additionalProperties: false,
  required: ['base_url'],
  properties: {
    base_url: {
      type: 'string',
      pattern: '^https?://[^\\s?#@]+$',
      maxLength: 2_048,
      description: "Where the API begins; entities' paths are added to it.",
      examples: ['https://api.example.com/v2'],
    },
    headers,
    query: parameters,
    allow_http: {
      type: 'boolean',
      description: 'Also plain http, where everybody on the way reads along. Default: false.',
    },
    networks: {
      type: 'array',
      maxItems: 50,
      items: { type: 'string', pattern: '^[0-9A-Fa-f:.]{2,45}(/\\d{1,3})?$' },
      description: 'Networks (CIDRs) beyond the internet where this source may be. Default: none.',
      examples: [['10.20.0.0/16']],
    },
    timeout_seconds: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 600,
      description: 'How long an answer may take, its body included. Default: 120, of which 30 until it begins.',
    },
    max_megabytes: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 256,
      description: 'How large an answer may be, unpacked. Default: 64.',
    },
    cache: {
      type: 'object',
      description: 'How unchanged data cost little. Default: everything is asked for.',
      additionalProperties: false,
      properties: {
        validators: {
          type: 'boolean',
          description:
            'Send back ETag and Last-Modified of an answer that was complete in one page; a 304 means that nothing has changed.',
        },
        ttl_seconds: {
          type: 'integer',
          minimum: 1,
          maximum: 604_800,
          description: 'Ask no more often than this: until then, what was read counts as what there is.',
        },
      },
    },
  },
} as const;

const pagination = {
  type: 'object',
  description:
    'How the API hands out what is more than a page. none: all in one answer. page, offset: counted by us. cursor: a text in each answer leads to the next. next_url: a link in the body does. link_header: a Link header with rel="next" does (RFC 8288).',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: { enum: ['none', 'page', 'offset', 'cursor', 'next_url', 'link_header'] },
    param: {
      ...parameter,
      description:
        'page, offset, cursor: the query parameter that says which page. Without it, use {{page}}, {{offset}} or {{next}}.',
    },
    size: {
      type: 'integer',
      minimum: 1,
      maximum: 5_000,
      description:
        'Rows to ask for, which {{limit}} is. An API may give fewer: what counts is what comes. Default: 500.',
    },
    size_param: {
      ...parameter,
      description: 'The query parameter that says how many rows. Without it, use {{limit}}.',
    },
    first: { type: 'integer', minimum: 0, maximum: 1, description: "page: the first page's number. Default: 1." },
    from: { ...path, description: 'cursor, next_url: where in the body what leads to the next page stands.' },
    header: { ...headerName, description: 'cursor: the header in which it stands.' },
    from_row: { ...path, description: "cursor: the last row's field that leads to the next page." },
    more: { ...path, description: 'cursor: where in the body it says false if there is no more.' },
    ends_short: {
      type: 'boolean',
      description:
        'page, offset: a page with fewer rows than asked for is the last one. Saves a request, and loses rows at an API that gives fewer of its own accord. Default: false, an empty page is the last one.',
    },
    recheck: {
      type: 'boolean',
      description:
        'offset: each page begins with the last row of the one before, which tells if rows have moved meanwhile. Default: true.',
    },
  },
  examples: [
    { kind: 'page', param: 'page', size_param: 'per_page', size: 200 },
    { kind: 'cursor', from: 'meta.next_cursor', param: 'cursor' },
  ],
} as const;

const timeFormat = {
  type: 'string',
  pattern: '^(rfc3339|date|unix|unix_ms|[^{}]*yyyy[^{}]*)$',
  maxLength: 64,
  examples: ['rfc3339', 'yyyy-MM-dd HH:mm:ss'],
} as const;

const incremental = {
  type: 'object',
  description: 'How the API is asked for what has changed. Without it everything is read each time.',
  additionalProperties: false,
  properties: {
    param: {
      ...parameter,
      description: 'The query parameter that takes {{since}}, or {{cursor}} of a token. Without it, use these.',
    },
    until_param: { ...parameter, description: 'The query parameter that takes {{until}}, the start of the read.' },
    format: {
      ...timeFormat,
      description:
        'How the API is told times: rfc3339 (to the second, UTC), date (yyyy-MM-dd), unix, unix_ms, or a pattern of yyyy, MM, dd, HH, mm, ss, SSS. Always rounded down. Default: rfc3339.',
    },
    row_format: {
      ...timeFormat,
      description:
        'How rows write theirs, where that is neither like format nor ISO 8601 nor a number. Default: as format.',
    },
    zone: {
      type: 'string',
      format: 'time-zone',
      description: "Of times that say none: date, patterns, and rows' times without an offset. Default: the source's.",
    },
    initial: {
      type: 'string',
      maxLength: 256,
      description:
        'What stands for {{since}} and {{cursor}} at the first read, for an API that must be told. Default: left out.',
      examples: ['1970-01-01T00:00:00Z', '0'],
    },
    expired: {
      type: 'array',
      maxItems: 5,
      uniqueItems: true,
      items: { type: 'integer', minimum: 400, maximum: 499, not: { enum: [401, 403, 408, 425, 429] } },
      description:
        'The statuses by which the API says that it has forgotten what the cursor stands for: everything is read again then. Default: 410. Where it is 400, any request that the API refuses costs a read of everything.',
      examples: [[400, 410]],
    },
  },
  examples: [{ param: 'updated_since', format: 'rfc3339' }],
} as const;

/** What a REST source sets for one entity, in the order in which a request is made and its answer is read. */
export const restEntitySettings = {
  title: 'RestEntitySettings',
  type: 'object',
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: { ...template, minLength: 1, description: 'Added to base_url; a template.', examples: ['/parts'] },
    method: { enum: ['GET', 'POST'], description: 'Default: GET.' },
    query: parameters,
    headers,
    body: {
      type: ['object', 'array', 'string'],
      description:
        'POST: JSON whose texts are templates (a text that is nothing but {{page}}, {{offset}} or {{limit}} becomes a number), or text whose placeholders are written as its content-type asks for.',
    },
    format: { enum: ['json', 'ndjson', 'csv', 'xml'], description: 'What the answer is. Default: json.' },
    records: {
      ...path,
      description:
        'JSON: where the array of rows is, names joined by dots; null stands for none. Default: the root, or its records.',
      examples: ['data.items'],
    },
    element: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description: "XML: the element that is a row, by name or path from the root. Default: the root's children.",
    },
    delimiter: { type: 'string', minLength: 1, maxLength: 1, description: 'CSV. Default: found by the header.' },
    encoding: { type: 'string', pattern: '^[A-Za-z0-9_ -]{1,40}$', description: 'Of text. Default: UTF-8.' },
    pagination,
    incremental,
    total: told(
      'Where the API tells how many rows there are in all pages: a complete read that has fewer is not complete.',
    ),
    sync_token: told('cursor.kind token: where the text stands that means "all until now".'),
    soft_delete: {
      type: 'object',
      description: 'How a row says that it is deleted.',
      additionalProperties: false,
      required: ['field'],
      properties: {
        field: { ...path, description: 'Names joined by dots.' },
        values: {
          type: 'array',
          minItems: 1,
          maxItems: 50,
          items: { type: ['string', 'number', 'boolean'] },
          description: 'The values that mean so. Default: any but null, false, 0, no and an empty text.',
        },
      },
      examples: [{ field: 'status', values: ['deleted', 'void'] }],
    },
    sparse: {
      type: 'boolean',
      description:
        'The API leaves out fields that are empty. Default: false, a mapped field that none of 50 or more rows has is taken for one that is gone.',
    },
  },
} as const;
