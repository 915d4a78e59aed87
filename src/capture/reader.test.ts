import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tcpFrame } from '../wire/testing/frames.ts';
import { CaptureError } from './errors.ts';
import { PCAP_MODIFIED } from './pcap.ts';
import { createCaptureReader } from './reader.ts';
import { readAll } from './testing/collect.ts';
import { writeSnoop } from './testing/snoop.ts';
import { writePcap, writePcapng } from './write.ts';

const PACKETS = Array.from({ length: 40 }, (_, index) => ({
  bytes: tcpFrame({ seq: index, payload: new Uint8Array(index) }),
  seconds: 1_700_000_000,
  nanos: index,
}));
const SEEDS = [
  writePcap(PACKETS),
  writePcap(PACKETS, { littleEndian: false, nanoseconds: false }),
  writePcapng(PACKETS),
  writePcapng(PACKETS, { littleEndian: false }),
  writePcap(PACKETS, { linkType: 105 }),
  writeSnoop(PACKETS),
  modified(writePcap(PACKETS, { nanoseconds: false })),
];

/** The magic number of Kuznetzov's patch before records that are too short for it. */
function modified(file: Uint8Array): Uint8Array {
  new DataView(file.buffer).setUint32(0, PCAP_MODIFIED, true);
  return file;
}

/** A capture with bytes replaced and pieces cut out, or random bytes behind a real start. */
const hostile = fc
  .record({
    seed: fc.constantFrom(...SEEDS),
    changes: fc.array(fc.tuple(fc.nat(4000), fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255))), {
      maxLength: 12,
    }),
    cutAt: fc.nat(4000),
    cutLen: fc.nat(60),
    tail: fc.uint8Array({ maxLength: 80 }),
  })
  .map(({ seed, changes, cutAt, cutLen, tail }) => {
    const kept = [...seed.subarray(0, cutAt), ...seed.subarray(cutAt + cutLen), ...tail];
    for (const [at, value] of changes) if (at < kept.length) kept[at] = value;
    return Uint8Array.from(kept);
  });

describe('a capture reader', () => {
  it('gives the same packets and damage for hostile files however they are divided', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 300 }), (bytes, pieceLen) => {
        expect(outcome(bytes, pieceLen)).toEqual(outcome(bytes, bytes.length));
      }),
      { numRuns: 1500 },
    );
  });

  it('throws nothing but CaptureError on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...SEEDS), fc.nat(60), (bytes, seed, prefix) => {
        expect(['packets', 'error']).toContain(
          Object.keys(outcome(Uint8Array.of(...seed.subarray(0, prefix), ...bytes), 64))[0],
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps its buffer small whatever lengths a file claims', () => {
    const claims = new Uint8Array(2_000_000);
    claims.set(writePcapng(PACKETS.slice(0, 1)));
    const view = new DataView(claims.buffer);
    // Blocks of 15 MiB each, nested like Russian dolls: type 6, and a length that never fits.
    for (let at = 500; at + 8 < claims.length; at += 8) {
      view.setUint32(at, 6, true);
      view.setUint32(at + 4, 15 * 1024 * 1024, true);
    }
    const reader = createCaptureReader({ packet: () => {} });
    let largest = 0;
    for (let copy = 0; copy < 40; copy++) {
      for (let at = 0; at < claims.length; at += 65_536) {
        reader.feed(claims.subarray(at, at + 65_536));
        largest = Math.max(largest, reader.space(1).buffer.byteLength);
      }
    }
    reader.end();
    expect(largest).toBeLessThan(64 * 1024 * 1024);
  });

  it('takes bytes that were written straight into its space', () => {
    const file = writePcap(PACKETS);
    let packets = 0;
    const reader = createCaptureReader({ packet: () => packets++ });
    for (let at = 0; at < file.length; at += 999) {
      const part = file.subarray(at, at + 999);
      reader.space(999).set(part);
      reader.commit(part.length);
    }
    reader.end();
    expect(packets).toBe(40);
  });

  it('refuses a commit of more than the space', () => {
    const reader = createCaptureReader({ packet: () => {} });
    const room = reader.space(10).length;
    expect(() => reader.commit(room + 1)).toThrow(RangeError);
    expect(() => reader.commit(-1)).toThrow(RangeError);
  });
});

function outcome(bytes: Uint8Array, pieceLen: number): object {
  try {
    const { packets, info } = readAll(bytes, Math.max(pieceLen, 1));
    return { packets, info };
  } catch (error) {
    if (!CaptureError.is(error)) throw error;
    return { error: error.message };
  }
}
