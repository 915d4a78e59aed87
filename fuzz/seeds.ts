/** Captures to start from: the recorded ones, and small written ones of every format. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writePcap, writePcapng } from '../src/capture/write.ts';
import { concat } from '../src/wire/bytes.ts';
import { ethernetFrame, ipv6Packet, tcpFrame, tcpSegment } from '../src/wire/testing/frames.ts';

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
    { name: 'written pcap', bytes: pcap },
    { name: 'written big-endian pcap', bytes: writePcap(packets, { littleEndian: false, nanoseconds: false }) },
    { name: 'written pcapng', bytes: writePcapng(packets) },
    { name: 'written big-endian pcapng', bytes: writePcapng(packets, { littleEndian: false }) },
    { name: 'written gzip', bytes: new Uint8Array(gzipSync(pcap)) },
    { name: 'written zstd', bytes: rawZstd(pcap) },
  ];
}

/** A Zstandard frame with one uncompressed block (RFC 8878): mutations reach the headers, and need no compressor. */
function rawZstd(bytes: Uint8Array): Uint8Array {
  const block = (bytes.length << 3) | 1;
  return concat([
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, block & 0xff, (block >> 8) & 0xff, block >> 16),
    bytes,
  ]);
}
