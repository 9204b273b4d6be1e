import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { makeCertificate } from './certificate.ts';

/** What a TLS server shows and signs with, as PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority of this machine: it vouches for servers on loopback to whoever is told to trust it. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** A new key and certificate for `localhost` and 127.0.0.1, valid for a year. */
  issue(): ServerCertificate;
}

const dayMs = 24 * 60 * 60_000;
const authorityDays = 3_650;
const serverDays = 365;

/** The authority kept in a folder that only its owner can read: made there once, and anew before it runs out. */
export async function keepAuthority(folder: string, clock: Clock = Date.now): Promise<Authority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = join(folder, 'authority.pem');
  const kept = await readFile(path, 'utf8').catch(() => '');
  if (kept !== '' && new X509Certificate(kept).validToDate.getTime() > clock() + serverDays * dayMs) {
    return authorityOf(kept, clock);
  }
  const made = makeAuthority(clock());
  await writeInOneStep(path, made);
  return authorityOf(made, clock);
}

/**
 * Writes the file that a process trusts by `NODE_EXTRA_CA_CERTS`: this authority beside those that this process was
 * told to trust, since there is but one such variable.
 */
export async function writeTrusted(folder: string, { certificate }: Authority): Promise<string> {
  const others = process.env.NODE_EXTRA_CA_CERTS;
  const path = join(folder, 'trusted.pem');
  const beside = others === undefined || others === path ? '' : await readFile(others, 'utf8').catch(() => '');
  await writeInOneStep(path, `${certificate}${beside}`);
  return path;
}

/** Its key and certificate, one after the other, so that a kill can't leave the one without the other. */
function makeAuthority(now: number): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serial = randomBytes(16);
  // A name of its own: of two authorities of one name, whoever trusts both takes the one for the other.
  const party = { name: `ADP local stack ${serial.toString('hex').slice(0, 8)}`, publicKey };
  const certificate = makeCertificate({
    subject: party,
    issuer: { ...party, privateKey },
    serial,
    ...validFor(authorityDays, now),
    use: 'authority',
  });
  return `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${certificate}`;
}

function authorityOf(pem: string, clock: Clock): Authority {
  const certificate = pem.slice(pem.indexOf('-----BEGIN CERTIFICATE-----'));
  const issuer = {
    name: new X509Certificate(certificate).subject.replace('CN=', ''),
    publicKey: createPublicKey(certificate),
    privateKey: createPrivateKey(pem),
  };
  return {
    certificate,
    issue: () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const cert = makeCertificate({
        subject: { name: 'localhost', publicKey },
        issuer,
        serial: randomBytes(16),
        ...validFor(serverDays, clock()),
        use: { names: ['localhost', '127.0.0.1'] },
      });
      return { key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })), cert };
    },
  };
}

/** From a day ago: clocks differ. */
function validFor(days: number, now: number): { readonly validFrom: number; readonly validUntil: number } {
  return { validFrom: now - dayMs, validUntil: now + days * dayMs };
}

async function writeInOneStep(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
