import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { type Check, checkJson, invalid } from '../check.ts';
import { AdpError } from '../errors.ts';

const text = { type: 'string', minLength: 1, maxLength: 20_000 } as const;
/** What goes into a header as it is: a line break in it would begin another header. */
const visible = { ...text, pattern: '^[\\x21-\\x7e]+$' } as const;
const url = { ...text, pattern: '^https?://[^\\s@]+$' } as const;

const certificate = {
  cert: { ...text, description: 'The certificate, with its chain, as PEM.' },
  key: { ...text, description: 'Its private key as PEM, without a passphrase.' },
  ca: { ...text, description: 'An authority that is trusted beside the usual ones, as PEM.' },
} as const;

const mutualTls = {
  type: 'object',
  description: 'A TLS certificate that is shown besides.',
  additionalProperties: false,
  required: ['cert', 'key'],
  properties: certificate,
} as const;

/** RFC 6749: what every way to a token needs. */
const client = {
  token_url: { ...url, description: 'Where tokens are given out.' },
  client_id: text,
  client_secret: text,
  client_authentication: {
    enum: ['basic', 'body'],
    description: 'How the client says who it is: by Basic authentication, or in the form. Default: basic.',
  },
  scope: text,
  audience: { ...text, description: 'What the token is for, where the API wants that said.' },
} as const;

const kinds = {
  basic: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'username', 'password'],
    properties: {
      kind: { const: 'basic' },
      username: { type: 'string' },
      password: { type: 'string' },
      mutual_tls: mutualTls,
    },
  },
  bearer: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'token'],
    properties: { kind: { const: 'bearer' }, token: visible, mutual_tls: mutualTls },
  },
  api_key: {
    type: 'object',
    description: 'A key in a header or in the query; one of the two is named.',
    additionalProperties: false,
    required: ['kind', 'value'],
    properties: {
      kind: { const: 'api_key' },
      value: visible,
      header: {
        type: 'string',
        pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$",
        description: 'The name of its header.',
      },
      query: { type: 'string', minLength: 1, maxLength: 100, description: 'The name of its parameter.' },
      mutual_tls: mutualTls,
    },
  },
  oauth2_client_credentials: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'token_url', 'client_id'],
    properties: { kind: { const: 'oauth2_client_credentials' }, ...client, mutual_tls: mutualTls },
  },
  oauth2_refresh_token: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'token_url', 'client_id', 'refresh_token'],
    properties: {
      kind: { const: 'oauth2_refresh_token' },
      ...client,
      refresh_token: text,
      rotation: {
        type: 'object',
        description: "The hub's own, where the API hands out a new refresh token each time. Leave it out.",
      },
      mutual_tls: mutualTls,
    },
  },
  jwt_bearer: {
    type: 'object',
    description: 'A signed assertion is exchanged for a token (RFC 7523, section 2.1).',
    additionalProperties: false,
    required: ['kind', 'token_url', 'issuer', 'private_key'],
    properties: {
      kind: { const: 'jwt_bearer' },
      token_url: url,
      issuer: text,
      subject: { ...text, description: 'For whom. Default: the issuer.' },
      audience: { ...text, description: 'Who is to believe it. Default: token_url.' },
      scope: text,
      private_key: { ...text, description: 'PKCS #8 as PEM; of HS256 the shared secret itself.' },
      key_id: text,
      algorithm: {
        enum: ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA', 'HS256'],
        description: 'Default: RS256.',
      },
      client_id: text,
      client_secret: text,
      client_authentication: client.client_authentication,
      mutual_tls: mutualTls,
    },
  },
  mutual_tls: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'cert', 'key'],
    properties: { kind: { const: 'mutual_tls' }, ...certificate },
  },
} as const satisfies Readonly<Record<string, JSONSchema>>;

type Kinds = typeof kinds;
type Kind = keyof Kinds;

export type CredentialOf<K extends Kind> = FromSchema<Kinds[K]>;
/** How a REST source says who it is: its secret, as JSON. */
export type Credential = { readonly [K in Kind]: CredentialOf<K> }[Kind];

const checks = {
  basic: checkJson(kinds.basic),
  bearer: checkJson(kinds.bearer),
  api_key: checkJson(kinds.api_key),
  oauth2_client_credentials: checkJson(kinds.oauth2_client_credentials),
  oauth2_refresh_token: checkJson(kinds.oauth2_refresh_token),
  jwt_bearer: checkJson(kinds.jwt_bearer),
  mutual_tls: checkJson(kinds.mutual_tls),
} as const;

/**
 * Reads a secret.
 * @throws AdpError CONFIG_ERROR (park) that names what is wrong with it, and holds nothing of it
 */
export function readCredential(secret: string): Credential {
  const value = parse(secret);
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (!isKind(kind)) {
    const known = Object.keys(checks).join(', ');
    throw new AdpError('CONFIG_ERROR', `The source's secret must be JSON whose kind is one of ${known}.`);
  }
  const check: Check<Credential> = checks[kind];
  const faults = check.faults(value, 'CONFIG_ERROR');
  if (faults.length > 0) throw invalid(`The source's secret (${kind})`, faults);
  const credential = check.parse(value);
  if (credential.kind === 'api_key' && (credential.header === undefined) === (credential.query === undefined)) {
    const expected = 'name the header or the parameter of the query, one of the two';
    throw new AdpError('CONFIG_ERROR', `The source's secret (api_key) is not valid: ${expected}.`);
  }
  if ('token_url' in credential && !URL.canParse(credential.token_url)) {
    const expected = 'token_url must be a URL such as https://login.example.com/token';
    throw new AdpError('CONFIG_ERROR', `The source's secret (${kind}) is not valid: ${expected}.`);
  }
  return credential;
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(checks, kind);
}

function parse(secret: string): unknown {
  try {
    return JSON.parse(secret);
  } catch {
    const example = '{"kind":"bearer","token":"…"}';
    throw new AdpError(
      'CONFIG_ERROR',
      `The source's secret is no JSON: put something like ${example} into Key Vault (adp secrets set).`,
    );
  }
}
