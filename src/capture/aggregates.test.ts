import { describe, expect, it } from 'vitest';
import { concat, integers } from '../wire/bytes.ts';
import { ipv4Packet, tcpSegment } from '../wire/testing/frames.ts';
import { framed, radiotap, SNAP4, wirelessHeader } from '../wire/testing/link-frames.ts';
import { locate, newLayers, TCP } from '../wire/layers.ts';
import { srcPort } from '../wire/tcp.ts';
import { createCaptureReader } from './reader.ts';
import { readAll } from './testing/collect.ts';
import { writePcap, writePcapng } from './write.ts';

const PORTS = [1001, 1002, 1003];
const ADDRESSES = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];

/** IEEE 802.11-2020, 9.3.2.2.2: addresses, length, packet, and padding to four bytes for all but the last one. */
function subframe(port: number, isLast: boolean): Uint8Array {
  const packet = framed(SNAP4, ipv4Packet(tcpSegment({ srcPort: port, flags: 0x04, payload: new Uint8Array(3) })));
  const padding = isLast ? 0 : -(14 + packet.length) & 3;
  return concat([Uint8Array.from(ADDRESSES), integers(false, 2, [packet.length]), packet, new Uint8Array(padding)]);
}

const MAC = wirelessHeader([0x88, 0x02], [0x80, 0]);
const BODY = concat(PORTS.map((port, index) => subframe(port, index === PORTS.length - 1)));
const packetOf = (frame: Uint8Array): { bytes: Uint8Array; seconds: number; nanos: number } => ({
  bytes: frame,
  seconds: 1_700_000_000,
  nanos: 5000,
});

function portsOf(capture: Uint8Array): readonly (readonly [frame: number, port: number])[] {
  const ports: (readonly [number, number])[] = [];
  const layers = newLayers();
  const reader = createCaptureReader({
    packet(view, start, end, wireLen, linkType, _seconds, _nanos, _direction, frame) {
      if (locate(view, start, end, wireLen, linkType, layers) === TCP) ports.push([frame, srcPort(view, layers.tcp)]);
    },
  });
  reader.feed(capture);
  reader.end();
  return ports;
}

describe('an A-MSDU', () => {
  const wanted = PORTS.map((port) => [1, port]);

  it('gives each of its packets, with the number of the frame', () => {
    const frame = packetOf(framed(MAC, BODY));
    expect(portsOf(writePcap([frame], { linkType: 105 }))).toEqual(wanted);
    expect(portsOf(writePcapng([frame], { linkType: 105 }))).toEqual(wanted);
    expect(readAll(writePcap([frame], { linkType: 105 })).info.packets).toBe(1);
  });

  it('under radiotap, with zeros and a check sequence behind it', () => {
    const frame = framed([...radiotap([2], [0x10]), ...MAC], concat([BODY, new Uint8Array(19)]));
    const file = writePcap([packetOf(frame)], { linkType: 127 });
    expect(portsOf(file)).toEqual(wanted);
    expect(readAll(file).packets).toHaveLength(3);
  });

  it('that the snap length cut gives the packets before the cut', () => {
    const frame = framed(MAC, BODY);
    const cut = { ...packetOf(frame.subarray(0, frame.length - 30)), wireLen: frame.length };
    const file = writePcap([cut, cut], { linkType: 105 });
    expect(portsOf(file).slice(0, 2)).toEqual(wanted.slice(0, 2));
    // A packet has 51 bytes, so this is where the frame ends and not where the packet would.
    expect(readAll(file).packets.map(({ bytes, wireLen }) => [bytes.length, wireLen])).toEqual(
      [51, 51, 21, 51, 51, 21].map((length) => [length, 51]),
    );
  });

  it('leaves other frames of the capture alone', () => {
    const plain = packetOf(framed([...wirelessHeader([0x88, 0x02], [0, 0]), ...SNAP4], ipv4Packet(tcpSegment())));
    const ethernet = { ...plain, bytes: concat([Uint8Array.from(ADDRESSES), plain.bytes.subarray(32)]) };
    expect(portsOf(writePcap([plain, packetOf(framed(MAC, BODY))], { linkType: 105 }))).toEqual([
      [1, 40_000],
      ...PORTS.map((port) => [2, port]),
    ]);
    expect(portsOf(writePcap([ethernet], { linkType: 1 }))).toEqual([[1, 40_000]]);
  });
});
