import type { Finding } from '../connector.ts';

/** How the line to a database is guarded, and the option of the connection string that says so. */
export type Line =
  /** Encrypted; the certificate is verified, and that it is the server's. */
  | { readonly kind: 'verified' }
  /** Encrypted; the certificate is verified, but not whose it is. */
  | { readonly kind: 'any name'; readonly option: string }
  /** Encrypted, to whoever answers. */
  | { readonly kind: 'unverified'; readonly option: string }
  | { readonly kind: 'plain'; readonly option: string };

const verified = 'Encrypted, and the certificate verified.';

/** What a check says of it, in the same words for all databases. */
export function lineFinding(line: Line): Finding {
  const name = 'TLS';
  if (line.kind === 'verified') return { name, level: 'ok', detail: verified };
  const { kind, option } = line;
  const what = {
    'any name': 'Encrypted, but it is not looked at whose certificate that is',
    unverified: 'Encrypted, but the certificate is not looked at: whoever is on the way can pose as the server',
    plain: 'The line is not encrypted: whoever is on the way can read along',
  }[kind];
  const detail = `${what}. Take ${option} out of the connection string; where the authority is your own, name it in tls.ca.`;
  return { name, level: 'warning', detail };
}
