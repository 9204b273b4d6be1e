import type { JWTPayload } from 'jose';
import type { Clock, Random } from '../../clock.ts';
import { AdpError } from '../../errors.ts';
import type { CredentialOf } from '../credential.ts';

/** The assertion itself need not live longer than the request that carries it; clocks differ. */
const lifeSeconds = 300;

/**
 * A signed assertion of who asks (RFC 7523, section 3).
 * @throws AdpError CONFIG_ERROR (park) for a key that can't be read or is of another algorithm
 */
export async function signAssertion(
  credential: CredentialOf<'jwt_bearer'>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<string> {
  const { importPKCS8, SignJWT } = await import('jose');
  const { issuer, subject, audience, token_url, algorithm = 'RS256', private_key, key_id } = credential;
  const now = Math.floor(clock() / 1_000);
  const claims: JWTPayload = {
    iss: issuer,
    sub: subject ?? issuer,
    aud: audience ?? token_url,
    iat: now,
    exp: now + lifeSeconds,
    jti: Buffer.from(random(16)).toString('base64url'),
  };
  const header = { alg: algorithm, typ: 'JWT', ...(key_id !== undefined && { kid: key_id }) };
  try {
    const key = algorithm === 'HS256' ? Buffer.from(private_key) : await importPKCS8(private_key, algorithm);
    return await new SignJWT(claims).setProtectedHeader(header).sign(key);
  } catch {
    // What the library says may quote the key.
    const expected = `expected a key for ${algorithm}, PKCS #8 as PEM (-----BEGIN PRIVATE KEY-----)`;
    throw new AdpError('CONFIG_ERROR', `private_key of the source's secret can't be used: ${expected}.`);
  }
}
