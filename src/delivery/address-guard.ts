import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import type { Agent } from 'node:http';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Keeps what we send away from addresses that are no partner's (server-side request forgery). The address is judged
 * where the connection is made, not when the URL is read: a name that answers differently the second time (DNS
 * rebinding) gains nothing, and neither does an address in an unusual spelling.
 */

/** `private`: loopback and private networks, for channels that say so. `never`: nobody's, or the machine's own secrets. */
export type AddressKind = 'public' | 'private' | 'never';

/** Finds all addresses of a name, as `dns.lookup` does with `all: true`. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (fault: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export class AddressRefused extends Error {
  readonly code = 'GINNEL_ADDRESS_REFUSED';
}

/** IPv4 special-purpose addresses (IANA registry of RFC 6890), and what cloud platforms put elsewhere. */
const PRIVATE_V4 = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
const NEVER_V4 = [
  '0.0.0.0/8',
  '169.254.0.0/16', // link-local, where most platforms serve instance metadata
  '168.63.129.16/32', // Azure's platform address
  '100.100.100.200/32', // Alibaba's instance metadata, inside the shared range
  '192.0.0.0/24', // protocol assignments; Oracle's instance metadata
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** IPv6: only global unicast is public, less what carries an IPv4 address inside it or is set aside. */
const PRIVATE_V6 = ['::1/128', 'fc00::/7'];
const PUBLIC_V6 = ['2000::/3'];
const NEVER_V6 = ['fd00:ec2::254/128', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const neverList = blockList(NEVER_V4, NEVER_V6);
const privateList = blockList(PRIVATE_V4, PRIVATE_V6);
const publicV6List = blockList([], PUBLIC_V6);

/** What kind of address this is; text that is no IP address is `never`. */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 0) return 'never';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (neverList.check(address, family)) return 'never';
  // A BlockList judges ::ffff:127.0.0.1 by its IPv4 rules.
  if (privateList.check(address, family)) return 'private';
  return version === 4 || publicV6List.check(address, family) ? 'public' : 'never';
}

export function isAddressAllowed(address: string, privateAddress: boolean): boolean {
  const kind = addressKind(address);
  return kind === 'public' || (kind === 'private' && privateAddress);
}

/**
 * Makes an agent refuse connections to addresses that are not allowed. Names are judged in the lookup, whose answer is
 * what the socket connects to; literal addresses never reach a lookup and are judged before it.
 */
export function guardAgent<A extends Agent>(agent: A, privateAddress: boolean, lookup: LookupAll = systemLookup): A {
  const connect = agent.createConnection.bind(agent);
  const guardedLookup = guardLookup(privateAddress, lookup);
  agent.createConnection = (options, callback) => {
    const host = (options.host ?? 'localhost').replace(/^\[|\]$/g, '');
    if (isIP(host) === 0 || isAddressAllowed(host, privateAddress)) {
      return connect({ ...options, lookup: guardedLookup }, callback);
    }
    // Told by callback: an exception here could leave the agent from a queue, where nobody catches it.
    process.nextTick(callback as (fault: Error) => void, refused());
    return undefined;
  };
  return agent;
}

function guardLookup(privateAddress: boolean, lookup: LookupAll): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (fault, addresses) => {
      const first = addresses?.[0];
      if (fault !== null || first === undefined) {
        callback(fault ?? Object.assign(new Error('The name has no address.'), { code: 'ENOTFOUND' }), '', 0);
      } else if (!addresses.every(({ address }) => isAddressAllowed(address, privateAddress))) {
        callback(refused(), '', 0);
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(): AddressRefused {
  return new AddressRefused('The address is loopback, private or reserved.');
}

function blockList(v4: readonly string[], v6: readonly string[]): BlockList {
  const list = new BlockList();
  const add = (range: string, family: 'ipv4' | 'ipv6'): void => {
    const [net = '', bits] = range.split('/');
    list.addSubnet(net, Number(bits), family);
  };
  for (const range of v4) add(range, 'ipv4');
  for (const range of v6) add(range, 'ipv6');
  return list;
}
