import { type KeyObject, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  contextual,
  type Der,
  generalizedTime,
  objectId,
  octetString,
  sequence,
  set,
  unsigned,
  utf8String,
} from './der.ts';

/** Whom a certificate speaks of, or who signs it. Keys are of the curve P-256. */
export interface Party {
  readonly name: string;
  readonly publicKey: KeyObject;
}

export interface CertificateRequest {
  readonly subject: Party;
  readonly issuer: Party & { readonly privateKey: KeyObject };
  /** 1 to 20 bytes; no two of one issuer are the same. */
  readonly serial: Uint8Array;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validUntil: number;
  /** An authority signs others; a server answers to these host names and IPv4 addresses. */
  readonly use: 'authority' | { readonly names: readonly string[] };
}

/** Makes and signs an X.509 certificate of version 3 (RFC 5280, section 4.1), as PEM. */
export function makeCertificate({ subject, issuer, serial, validFrom, validUntil, use }: CertificateRequest): string {
  const certificate = sequence(
    contextual(0, unsigned(Buffer.of(2)), 'constructed'),
    unsigned(serial),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(generalizedTime(validFrom), generalizedTime(validUntil)),
    nameOf(subject),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    contextual(
      3,
      sequence(...(use === 'authority' ? authorityExtensions : serverExtensions(use.names))),
      'constructed',
    ),
  );
  const signature = bitString(sign('sha256', certificate, issuer.privateKey));
  return toPem(sequence(certificate, ecdsaWithSha256, signature));
}

const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));
const commonName = objectId('2.5.4.3');

function nameOf({ name }: Party): Der {
  return sequence(set(sequence(commonName, utf8String(name))));
}

/** RFC 5280, section 4.2.1. */
const extensionIds = {
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

function extension(id: keyof typeof extensionIds, value: Der, critical: boolean): Der {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectId(extensionIds[id]), ...flag, octetString(value));
}

/** It signs servers' certificates, but no other authority's: a path of length 0. */
const authorityExtensions = [
  extension('basicConstraints', sequence(boolean(true), unsigned(Buffer.of(0))), true),
  extension('keyUsage', bitString(Buffer.of(0b0000_0110), 1), true),
];

const serverAuthentication = objectId('1.3.6.1.5.5.7.3.1');
/** So that mutual TLS can be shown with it. */
const clientAuthentication = objectId('1.3.6.1.5.5.7.3.2');

function serverExtensions(names: readonly string[]): Der[] {
  return [
    extension('keyUsage', bitString(Buffer.of(0b1000_0000), 7), true),
    extension('extendedKeyUsage', sequence(serverAuthentication, clientAuthentication), false),
    extension('subjectAlternativeName', sequence(...names.map(generalName)), false),
  ];
}

function generalName(name: string): Der {
  return isIPv4(name)
    ? contextual(7, Buffer.from(name.split('.').map(Number)), 'primitive')
    : contextual(2, Buffer.from(name), 'primitive');
}

function toPem(der: Der): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
