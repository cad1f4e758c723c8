import { BlockList } from 'node:net';
import { refuse } from '../kernel/errors.ts';

/** Addresses that may send. */
export interface AddressList {
  holds(address: string): boolean;
}

/** Addresses and CIDR ranges as configured; an IPv4 address is the same when it comes over IPv6. */
export function createAddressList(addresses: readonly string[], place: string): AddressList {
  const list = new BlockList();
  for (const text of addresses) {
    const [address = '', bits] = text.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    } catch {
      throw refuse('config-invalid', `"${text}" is neither an address nor a CIDR range.`, { mapping: place });
    }
  }
  return {
    holds: (address) => {
      const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
      return list.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4');
    },
  };
}
