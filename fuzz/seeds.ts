/** Captures to start from: the recorded ones, and small written ones of every format. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writePcap, writePcapng, type WritablePacket } from '../src/capture/write.ts';
import { concat } from '../src/wire/bytes.ts';
import { writeSnoop } from '../src/capture/testing/snoop.ts';
import { ethernetFrame, ipv4Packet, ipv6Packet, tcpFrame, tcpSegment } from '../src/wire/testing/frames.ts';
import { LINK_FRAMES } from '../src/wire/testing/link-frames.ts';
import { erspan, geneve, greTunnel, gtp, mplsFrame, pptp, vxlan } from '../src/wire/testing/tunnels.ts';

/** A capture to mutate. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Larger files would only slow the fuzzer down. */
const MAX_SEED_LEN = 64 * 1024;

/** All captures below `folder`, and the written ones. */
export function readSeeds(folder: string): readonly Seed[] {
  const recorded = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted() : [];
  const files = recorded
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && /\.(?:pcap|pcapng|cap|gz|zst)$/.test(path))
    .map((path) => ({ name: path, bytes: new Uint8Array(readFileSync(path)).slice(0, MAX_SEED_LEN) }));
  return [...written(), ...files];
}

function written(): readonly Seed[] {
  const options = [2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];
  const hops = Uint8Array.of(60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0);
  const frames = [
    tcpFrame({ flags: 0x02, options }),
    tcpFrame({ flags: 0x18, payload: new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n') }),
    tcpFrame({ flags: 0x14 }),
    ethernetFrame([0x8100, 7, 0x86dd], ipv6Packet(0, concat([hops, tcpSegment({ flags: 0x04 })]))),
  ];
  const packets = Array.from({ length: 24 }, (_, index) => ({
    bytes: frames[index % frames.length] ?? tcpFrame(),
    seconds: 1_700_000_000 + index,
    nanos: index * 1000,
    direction: index % 3,
    comment: 'fuzz',
  }));
  const pcap = writePcap(packets);
  return [
    ...LINK_FRAMES.map(({ name, linkType, frame }) => ({
      name: `written ${name}`,
      bytes: writePcap(repeated([frame]), { linkType }),
    })),
    { name: 'written tunnels', bytes: writePcap(repeated(tunnelled())) },
    { name: 'written fragments', bytes: writePcap(repeated(fragmented())) },
    { name: 'written snoop', bytes: writeSnoop(packets) },
    { name: 'written pcap', bytes: pcap },
    { name: 'written big-endian pcap', bytes: writePcap(packets, { littleEndian: false, nanoseconds: false }) },
    { name: 'written pcapng', bytes: writePcapng(packets) },
    { name: 'written big-endian pcapng', bytes: writePcapng(packets, { littleEndian: false }) },
    { name: 'written gzip', bytes: new Uint8Array(gzipSync(pcap)) },
    { name: 'written zstd', bytes: rawZstd(pcap) },
  ];
}

/** Every frame four times, a second apart. */
function repeated(frames: readonly Uint8Array[]): readonly WritablePacket[] {
  return [0, 1, 2, 3].flatMap((round) =>
    frames.map((bytes, index) => ({ bytes, seconds: 1_700_000_000 + round, nanos: index * 1000 })),
  );
}

function tunnelled(): readonly Uint8Array[] {
  const inner = tcpFrame({ flags: 0x14, seq: 1000 });
  const packet = ipv4Packet(tcpSegment({ flags: 0x14 }));
  const outer = [
    vxlan(7, inner),
    geneve(7, 0x6558, inner, [0, 1, 2, 0]),
    greTunnel(0x0800, packet, { key: 9, checksum: true, sequence: 4 }),
    erspan(2, 3, inner),
    erspan(3, 3, inner, true),
    pptp(Uint8Array.of(0xff, 0x03, 0x00, 0x21, ...packet)),
    ipv4Packet(packet, { protocol: 4 }),
    gtp(5, packet, true),
  ];
  return [...outer.map((ip) => ethernetFrame([0x0800], ip)), mplsFrame([16, 17], packet)];
}

/** A segment of 64 bytes of payload in pieces that overlap, and one that never ends. */
function fragmented(): readonly Uint8Array[] {
  const segment = tcpSegment({ flags: 0x18, payload: new Uint8Array(64) });
  const piece = (from: number, to: number, more: boolean): Uint8Array =>
    ethernetFrame([0x0800], ipv4Packet(segment.subarray(from, to), { fragment: (more ? 0x2000 : 0) | (from >> 3) }));
  return [piece(0, 24, true), piece(16, 48, true), piece(48, segment.length, false), piece(0, 32, true)];
}

/** A Zstandard frame with one uncompressed block (RFC 8878): mutations reach the headers, and need no compressor. */
function rawZstd(bytes: Uint8Array): Uint8Array {
  const block = (bytes.length << 3) | 1;
  return concat([
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, block & 0xff, (block >> 8) & 0xff, block >> 16),
    bytes,
  ]);
}
