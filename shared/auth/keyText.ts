import { createHash } from 'node:crypto';
import type { Random } from '../clock.ts';

/** An API key as its owner holds it: `adp_{id}_{secret}`, base62. The id is public, the secret carries 256 bits. */
export interface KeyText {
  readonly id: string;
  readonly text: string;
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idLength = 12;
const secretLength = 43;
const form = /^adp_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}$/;

export const keyIdPattern = '^[0-9A-Za-z]{12}$';

export function newKeyText(random: Random): KeyText {
  const id = base62(random(16), idLength);
  return { id, text: `adp_${id}_${base62(random(32), secretLength)}` };
}

/** The id of a key; `undefined` for what can't be one. */
export function keyIdOf(text: string): string | undefined {
  return form.exec(text)?.[1];
}

/** What is kept of a key: a plain hash, since a random secret of 256 bits can't be guessed from it. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function base62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let i = 0; i < length; i++) {
    text = alphabet.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}
