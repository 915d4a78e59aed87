import { describe, expect, it } from 'vitest';
import { carrierName } from './carriers.ts';
import { ETHERTYPE_IPV4, LINK_CUT, LINK_UNDECODED } from './network-layer.ts';
import { pppoePayload, pppPayload, serialPayload } from './ppp.ts';

type Decoder = typeof pppPayload;

function read(decoder: Decoder, ...bytes: number[]): string | number {
  const out = { network: -1, carrier: 0 };
  const type = decoder(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length, out);
  return type === LINK_UNDECODED ? carrierName(out.carrier) : type;
}

describe('PPP protocols', () => {
  it.each([
    ['compressed PPP', [0x00, 0xfd]],
    ['compressed PPP', [0xfd]],
    ['encrypted PPP', [0x00, 0x53]],
    ['multilink PPP', [0x00, 0x3d]],
    ['PPP with Van Jacobson compression', [0x00, 0x2d]],
    ['PPP with Van Jacobson compression', [0x00, 0x2f]],
  ])('%s is named', (name, protocol) => {
    expect(read(pppPayload, 0xff, 0x03, ...protocol, 1, 2, 3)).toBe(name);
  });

  it('negotiation and keepalives are no packets', () => {
    expect(read(pppPayload, 0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8)).toBe(0);
    expect(read(pppPayload, 0x80, 0x21, 1, 1, 0, 4)).toBe(0);
  });

  it('MPLS is handed on', () => {
    expect(read(pppPayload, 0xff, 0x03, 0x02, 0x81, 0, 0, 0, 0)).toBe(0x8847);
  });

  it('a frame that ends within its protocol is cut', () => {
    for (const bytes of [[], [0xff], [0xff, 0x03], [0xff, 0x03, 0x00]])
      expect(read(pppPayload, ...bytes)).toBe(LINK_CUT);
    expect(read(serialPayload, 0x0f, 0x00, 0x08)).toBe(LINK_CUT);
  });
});

describe('PPPoE', () => {
  it('is PPP without address and control', () => {
    expect(read(pppoePayload, 0x11, 0x00, 0, 7, 0, 4, 0x00, 0x21, 0x45)).toBe(ETHERTYPE_IPV4);
    expect(read(pppoePayload, 0x11, 0x00, 0, 7, 0, 4, 0xc0, 0x21, 9)).toBe(0);
  });

  it('keeps its name where version, type or code are not those of a session', () => {
    expect(read(pppoePayload, 0x21, 0x00, 0, 7, 0, 4, 0x00, 0x21)).toBe(0x8864);
    expect(read(pppoePayload, 0x11, 0xa7, 0, 7, 0, 4, 0x00, 0x21)).toBe(0x8864);
    expect(read(pppoePayload, 0x11, 0x00, 0, 7, 0)).toBe(LINK_CUT);
  });
});
