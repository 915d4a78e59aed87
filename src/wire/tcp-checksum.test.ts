import { describe, expect, it } from 'vitest';
import { LINK_ETHERNET } from './link-types.ts';
import { locate, newLayers, TCP } from './layers.ts';
import { checksumState } from './tcp-checksum.ts';
import { ethernetFrame, ipv4Packet, ipv6Packet, tcpSegment } from './testing/frames.ts';

/** Offset of the checksum in an Ethernet frame with an IP header of so many bytes. */
const at = (ipLen: number): number => 14 + ipLen + 16;
const PAYLOAD = Uint8Array.of(1, 2, 3);

/** The state of a frame whose checksum field was set to `value`, of which `captured` bytes are there. */
function stateOf(frame: Uint8Array, ipLen: number, value: number, captured: number = frame.length): string {
  const bytes = frame.slice(0, captured);
  const view = new DataView(bytes.buffer);
  if (captured >= at(ipLen) + 2) view.setUint16(at(ipLen), value);
  const layers = newLayers();
  expect(locate(view, 0, bytes.length, frame.length, LINK_ETHERNET, layers)).toBe(TCP);
  return checksumState(view, layers);
}

/** RFC 1071 over a list of words, done the slow way. */
function sumOf(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

describe.each([
  { version: 4, ipLen: 20, frame: ethernetFrame([0x0800], ipv4Packet(tcpSegment({ payload: PAYLOAD }))) },
  { version: 6, ipLen: 40, frame: ethernetFrame([0x86dd], ipv6Packet(6, tcpSegment({ payload: PAYLOAD }))) },
])('IPv$version', ({ version, ipLen, frame }) => {
  const ip = Array.from(frame.subarray(14, 14 + ipLen));
  const addresses = version === 4 ? ip.slice(12) : ip.slice(8);
  const segment = Array.from(frame.subarray(14 + ipLen));
  const pseudo = [...addresses, 0, 6, 0, segment.length];
  const right = ~sumOf([...pseudo, ...segment]) & 0xffff;

  it('is right when everything adds up', () => {
    expect(stateOf(frame, ipLen, right)).toBe('right');
  });
  it('is partial when only the pseudo header was summed', () => {
    expect(stateOf(frame, ipLen, sumOf(pseudo))).toBe('partial');
  });
  it('is wrong when neither', () => {
    expect(stateOf(frame, ipLen, right ^ 0x0101)).toBe('wrong');
  });
  it.each([1, 2, 3])('is unknown when %i bytes are missing', (missing) => {
    expect(stateOf(frame, ipLen, right, frame.length - missing)).toBe('unknown');
  });
});

it('is right on a segment with bytes of padding behind it', () => {
  const frame = ethernetFrame([0x0800], ipv4Packet(tcpSegment({ flags: 4 })));
  const padded = new Uint8Array(60);
  padded.set(frame);
  const pseudo = [10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 20];
  const right = ~sumOf([...pseudo, ...frame.slice(34)]) & 0xffff;
  padded.fill(0xaa, 54);
  expect(stateOf(padded, 20, right)).toBe('right');
});
