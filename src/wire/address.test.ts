import { isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, inCidr, parseAddress, parseCidr } from './address.ts';

function format(bytes: Uint8Array): string {
  return formatAddress(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length === 4 ? 4 : 6);
}

function roundTrip(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : format(bytes);
}

describe('addresses', () => {
  // RFC 5952, sections 4 and 5.
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is written %s', (text, canonical) => {
    expect(roundTrip(text)).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.x',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%eth0',
    '[::1]',
    '::1/64',
  ])('%s is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('survive writing and reading, and Node agrees that they are addresses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), sparseIpv6()), (bytes) => {
        const text = format(bytes);
        expect(bytes.length === 4 ? isIPv4(text) : isIPv6(text)).toBe(true);
        expect(parseAddress(text)).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it('are parsed exactly when Node calls them addresses', () => {
    const alphabet = fc.constantFrom('0', '1', '255', 'ffff', '::', ':', '.', '1.2.3.4', 'g');
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 18 }), (parts) => {
        const text = parts.join('');
        expect(parseAddress(text) !== undefined).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });
});

const inside = (address: string, network: string): boolean => {
  const bytes = parseAddress(address);
  const cidr = parseCidr(network);
  if (bytes === undefined || cidr === undefined) throw new Error('test data');
  return inCidr(bytes, cidr);
};

describe('networks', () => {
  it('hold the addresses that share their prefix', () => {
    expect(inside('10.255.0.1', '10.0.0.0/8')).toBe(true);
    expect(inside('11.0.0.1', '10.0.0.0/8')).toBe(false);
    expect(inside('172.31.255.255', '172.16.0.0/12')).toBe(true);
    expect(inside('172.32.0.0', '172.16.0.0/12')).toBe(false);
    expect(inside('1.2.3.4', '0.0.0.0/0')).toBe(true);
    expect(inside('2001:db8::5', '2001:db8::/32')).toBe(true);
    expect(inside('2001:db9::5', '2001:db8::/32')).toBe(false);
    expect(inside('10.0.0.1', '10.0.0.1')).toBe(true);
    expect(inside('10.0.0.1', '::/0')).toBe(false);
  });

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', 'x/8'])('%s is no network', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

function sparseIpv6(): fc.Arbitrary<Uint8Array> {
  const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) });
  return fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff])));
}
