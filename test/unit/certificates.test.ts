import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Authority, keepAuthority } from '../../local/certificates/authority.ts';
import { makeCertificate } from '../../local/certificates/certificate.ts';
import { objectId, octetString, unsigned } from '../../local/certificates/der.ts';
import { temporaryFolder } from '../helpers/host.ts';

describe('DER', () => {
  test('a length of 128 and more takes bytes of its own', () => {
    expect(octetString(Buffer.alloc(127)).subarray(0, 2).toString('hex')).toBe('047f');
    expect(octetString(Buffer.alloc(128)).subarray(0, 3).toString('hex')).toBe('048180');
    expect(octetString(Buffer.alloc(65_536)).subarray(0, 5).toString('hex')).toBe('0483010000');
  });

  test('an unsigned number is as short as can be, and never negative', () => {
    expect(unsigned(Buffer.from('0000', 'hex')).toString('hex')).toBe('020100');
    expect(unsigned(Buffer.from('007f', 'hex')).toString('hex')).toBe('02017f');
    expect(unsigned(Buffer.from('80', 'hex')).toString('hex')).toBe('02020080');
  });

  // The example of X.690, section 8.19.5, and an id as certificates have it.
  test('an object id', () => {
    expect(objectId('2.999.3').toString('hex')).toBe('0603883703');
    expect(objectId('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  });
});

describe('the authority of this machine', () => {
  let folder: string;
  let authority: Authority;
  beforeAll(async () => {
    folder = join(await temporaryFolder('certificates'), 'kept');
    authority = await keepAuthority(folder);
  });

  test('is kept where its owner alone can read it', async () => {
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'authority.pem'))).mode & 0o777).toBe(0o600);
    expect((await keepAuthority(folder)).certificate).toBe(authority.certificate);
  });

  test('is made anew before it runs out', async () => {
    const inTenYears = Date.now() + 3_640 * 24 * 60 * 60_000;
    const other = join(await temporaryFolder('certificates'), 'kept');
    const first = await keepAuthority(other);
    const second = await keepAuthority(other, () => inTenYears);
    expect(second.certificate).not.toBe(first.certificate);
    expect(new X509Certificate(second.certificate).validToDate.getTime()).toBeGreaterThan(inTenYears);
  });

  test('signs for loopback alone', () => {
    const server = new X509Certificate(authority.issue().cert);
    const signer = new X509Certificate(authority.certificate);
    expect(signer.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.verify(signer.publicKey)).toBe(true);
    expect(server.checkIssued(signer)).toBe(true);
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkHost('example.com')).toBeUndefined();
  });

  describe('in a TLS handshake', () => {
    const servers: ReturnType<typeof createServer>[] = [];
    afterAll(() => {
      for (const server of servers) server.close();
    });

    const shake = async (
      shown: { key: string; cert: string },
      trusted: string | string[],
      servername = 'localhost',
    ) => {
      const server = createServer(shown, (socket) => socket.end()).listen(0, '127.0.0.1');
      server.on('tlsClientError', () => undefined);
      servers.push(server);
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('It has no port.');
      const socket = connect({ port: address.port, host: '127.0.0.1', ca: trusted, servername });
      try {
        await once(socket, 'secureConnect');
      } finally {
        socket.destroy();
      }
    };

    test('who trusts the authority trusts its servers', async () => {
      await shake(authority.issue(), authority.certificate);
    });

    test('who trusts the authorities of several stacks trusts the servers of each', async () => {
      const other = await keepAuthority(await temporaryFolder('certificates'));
      const both = [other.certificate, authority.certificate];
      await shake(authority.issue(), both);
      await shake(other.issue(), both);
    });

    test('another authority is not trusted, nor is another host', async () => {
      const other = await keepAuthority(await temporaryFolder('certificates'));
      await expect(shake(other.issue(), authority.certificate)).rejects.toThrow();
      await expect(shake(authority.issue(), authority.certificate, 'example.com')).rejects.toThrow(/altnames/);
    });

    test('what has run out is not trusted, nor what is not valid yet', async () => {
      const day = 86_400_000;
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const party = { name: 'localhost', publicKey: keys.publicKey };
      const issuer = { ...party, privateKey: keys.privateKey };
      const key = String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const names = { names: ['localhost'] };
      const made = (serial: number, from: number, until: number) =>
        makeCertificate({
          subject: party,
          issuer,
          serial: Buffer.of(serial),
          validFrom: Date.now() + from * day,
          validUntil: Date.now() + until * day,
          use: names,
        });
      const past = made(1, -2, -1);
      await expect(shake({ key, cert: past }, past)).rejects.toThrow(/expired/);
      const future = made(2, 1, 2);
      await expect(shake({ key, cert: future }, future)).rejects.toThrow(/not yet valid/);
    });
  });
});
