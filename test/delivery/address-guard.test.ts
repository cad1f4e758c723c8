import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKind, isAddressAllowed } from '../../src/delivery/address-guard.ts';

describe('address guard', () => {
  it('takes ordinary addresses as public', () => {
    for (const address of [
      '1.1.1.1',
      '51.140.0.1',
      '172.15.255.255',
      '172.32.0.1',
      '2a00:1450:4009::1',
      '2606:4700::1',
    ]) {
      expect([address, addressKind(address)]).toEqual([address, 'public']);
    }
  });

  it('takes loopback and private networks as private, mapped into IPv6 as well', () => {
    for (const address of ['127.0.0.1', '127.255.255.254', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1']) {
      expect([address, addressKind(address)]).toEqual([address, 'private']);
      expect(addressKind(`::ffff:${address}`)).toBe('private');
    }
    for (const address of ['::1', 'fd12:3456::1', 'fc00::1', '::ffff:7f00:1'])
      expect(addressKind(address)).toBe('private');
  });

  it('never allows metadata, link-local, unspecified, multicast or reserved addresses, nor tunnels to them', () => {
    const never = [
      ...['169.254.169.254', '169.254.0.1', '168.63.129.16', '100.100.100.200', '192.0.0.192', '0.0.0.0', '0.1.2.3'],
      ...['224.0.0.1', '255.255.255.255', '240.0.0.1', '::', 'fe80::1', 'ff02::1', 'fd00:ec2::254', '::7f00:1'],
      ...['64:ff9b::7f00:1', '2002:7f00:1::1', '2001:0:1::1', '2001:db8::1', '::ffff:169.254.169.254'],
    ];
    for (const address of never) {
      expect([address, addressKind(address)]).toEqual([address, 'never']);
      expect(isAddressAllowed(address, true)).toBe(false);
    }
  });

  it('allows what is no address at all to nobody', () => {
    for (const text of ['', 'localhost', '2130706433', '0x7f.1', '127.1', 'fe80::1%eth0']) {
      expect(isAddressAllowed(text, true)).toBe(false);
    }
  });

  it('judges any IPv4 address the same when it is mapped into IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const mapped = addressKind(`::ffff:${address}`);
        // Only the spelling differs; a public address in this spelling is nobody's usual name and is not taken.
        expect(mapped).toBe(addressKind(address) === 'public' ? 'never' : addressKind(address));
      }),
    );
  });
});
