import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { AdpError } from '../errors.ts';

/** Where connections may go, address by address. */
export interface Addresses {
  /** Why an address is refused, as the end of a sentence; undefined where it is allowed. */
  refusalOf(address: string): string | undefined;
}

/** https://www.iana.org/assignments/iana-ipv4-special-registry */
const specialIPv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** Of IPv6 only 2000::/3 is given out, and these parts of it are no places of the internet or hold an IPv4 address. */
const specialIPv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const givenOut = blockListOf(['2000::/3']);

const special = blockListOf([...specialIPv4, ...specialIPv6]);

/**
 * Where clouds give away identities and where Azure talks to its machines, and all that is link-local: nobody's
 * system is there, whatever a source says.
 */
const never = blockListOf([
  '169.254.0.0/16',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  'fe80::/10',
]);

/**
 * @param networks CIDRs or addresses beyond the internet that are allowed
 * @throws AdpError CONFIG_ERROR for what is neither
 */
export function addressesOf(networks: readonly string[]): Addresses {
  const allowed = blockListOf(networks);
  return {
    refusalOf(address) {
      const plain = address.replace(/%.*$/, '');
      const kind = isIP(plain);
      if (kind === 0) return 'is no address';
      // Whoever leads to an IPv4 address by way of an IPv6 one must be allowed both.
      const inner = kind === 6 ? innerIPv4(plain) : undefined;
      const places = inner === undefined ? [plain] : [plain, inner];
      if (places.some((place) => holds(never, place))) {
        return "belongs to the machine's own network, where no source may be";
      }
      if (places.every((place) => isPublic(place) || holds(allowed, place))) return undefined;
      return "is not of the internet; if that is the dealer's own network, list it in settings.networks";
    },
  };
}

function isPublic(address: string): boolean {
  return !holds(special, address) && (isIPv4(address) || holds(givenOut, address));
}

function holds(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix, ...rest] = network.split('/');
    const longest = isIPv4(address) ? 32 : 128;
    const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (isIP(address) === 0 || rest.length > 0 || !(length <= longest)) {
      throw new AdpError(
        'CONFIG_ERROR',
        `settings.networks: "${network}" is no network: expected 10.1.0.0/16 or fd12::/48.`,
      );
    }
    list.addSubnet(address, length, isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Mapped, NAT64 (RFC 6052, 8215): the IPv4 address is the last 32 bits. 6to4 and Teredo are refused as a whole. */
const prefixesOverIPv4 = blockListOf(['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48']);

function innerIPv4(address: string): string | undefined {
  if (!isIPv6(address) || !prefixesOverIPv4.check(address, 'ipv6')) return undefined;
  // A URL's host has one form: groups of hexadecimal digits, the longest row of zeros as ::.
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split(':');
  const [high = 0, low = 0] = groups.slice(-2).map((group) => Number.parseInt(group === '' ? '0' : group, 16));
  // :: and ::1 are addresses of their own.
  if (high === 0 && low <= 1) return undefined;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
