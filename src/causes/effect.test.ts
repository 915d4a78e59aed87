/** Effects held against what a running kernel did: test/effects, recorded by lab/tools/rst-rules.py. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WritablePacket } from '../capture/write.ts';
import { packetsOf } from './testing/pcap.ts';
import { placesOf } from './receiver-rules.ts';
import { effectsIn, readPackets } from './testing/read.ts';

const STEM = resolve(import.meta.dirname, '../../test/effects/linux-6.18');

interface Case {
  readonly name: string;
  readonly afterwards: 'silent' | 'speaks';
  /** The RST sender's port, one for each case. */
  readonly port: number;
  /** What the kernel did with each RST: looked up in its own tables. */
  readonly rsts: readonly { readonly frame: number; readonly effect: string }[];
}

/** Where the number lies in cases of which the effect alone says little; if all before it has arrived, and if not. */
const PLACES: Readonly<Record<string, readonly [arrived: string, lost: string]>> = {
  'gap: right edge of the block': ['next', 'sack-edge'],
  'two gaps: right edge of the upper block': ['next', 'sack-edge'],
  'two gaps: right edge of the lower block': ['below', 'window'],
  'lost before it, later bytes arrived': ['next', 'sack-edge'],
  'next - 1, payload reaches it': ['window', 'window'],
  'edge, payload': ['beyond', 'beyond'],
  'CLOSE_WAIT: next -1': ['before-fin', 'before-fin'],
  'closed: exact': ['closed', 'closed'],
};

/** Where the packets do not show what decided: what is said instead. */
const UNDECIDABLE: Readonly<Record<string, string>> = {
  // The capture ends with the RST: whether the gap had been filled by then, it does not show.
  'gap: next; then silent': 'unknown',
  // Closed or only shut down: the next answer would tell.
  'orphan: next +1; then silent': 'unknown',
  // The window of a SYN+ACK is not yet scaled, and what it was in the end is not known.
  'SYN_RECV: edge + 1; then silent': 'unknown',
  'SYN_RECV: edge + 1; then speaks': 'unknown',
  // Only the socket knows that it was closed, and by then asks where any other one obeys.
  'orphan: exact, old timestamp; then silent': 'unknown',
  'orphan: exact, old timestamp; then speaks': 'unknown',
  // A setting of the host, off by default.
  'TIME_WAIT: exact, tcp_rfc1337; then silent': 'accepted',
  'TIME_WAIT: exact, tcp_rfc1337; then speaks': 'accepted',
};

describe('Linux 6.18', () => {
  const table = JSON.parse(readFileSync(`${STEM}.json`, 'utf8')) as readonly Case[];
  const packets = packetsOf(readFileSync(`${STEM}.pcap`));

  it.each(table.map((one) => [`${one.name}; then ${one.afterwards}`, one] as const))('%s', (name, { port, rsts }) => {
    const first = packets.findIndex((packet) => portsOf(packet).includes(port));
    const effects = effectsIn(packets.filter((packet) => portsOf(packet).includes(port)));
    const said = rsts.map(({ frame }) => effects.get(frame - first));
    expect(said).toEqual(rsts.map(({ effect }) => UNDECIDABLE[name] ?? effect));
  });

  it.each(Object.entries(PLACES))('%s', (name, [arrived, lost]) => {
    const { port } = table.find((one) => one.name === name)!;
    const { resets } = readPackets(packets.filter((packet) => portsOf(packet).includes(port)));
    expect(placesOf(resets[0]!.rst)).toMatchObject({ arrived, lost });
  });
});

function portsOf({ bytes }: WritablePacket): readonly number[] {
  return [(bytes[34]! << 8) | bytes[35]!, (bytes[36]! << 8) | bytes[37]!];
}
