import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tcpSegment } from './testing/frames.ts';
import * as options from './tcp-options.ts';
import { newTcpOptions, readTcpOptions, type TcpOptions } from './tcp-options.ts';

function read(bytes: readonly number[], captured = 20 + bytes.length): TcpOptions {
  const segment = tcpSegment({ options: bytes });
  const out = newTcpOptions();
  // Values of the segment before must not shine through.
  out.bits = 0xffff;
  out.mss = 1;
  out.tsVal = 1;
  readTcpOptions(new DataView(segment.buffer), 0, captured, out);
  return out;
}

describe('readTcpOptions', () => {
  it('reads the options of a Linux SYN', () => {
    // MSS 1460, SACK permitted, timestamps 0x01020304 and 0, NOP, window scale 7
    const found = read([2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7]);
    expect(found).toEqual({
      bits: options.OPT_MSS | options.OPT_SACK_PERMITTED | options.OPT_TIMESTAMPS | options.OPT_WINDOW_SCALE,
      mss: 1460,
      windowScale: 7,
      tsVal: 0x01020304,
      tsEcr: 0,
      sackPermitted: 1,
      sackBlocks: 0,
      sackAt: 0,
      mptcpSubtypes: 0,
      mptcpReset: -1,
    });
  });

  it('finds SACK blocks', () => {
    const found = read([1, 1, 5, 18, ...Array.from({ length: 16 }, (_, i) => i)]);
    expect(found).toMatchObject({ bits: options.OPT_SACK, sackBlocks: 2, sackAt: 24 });
  });

  it('reads every MPTCP option of a RST, and knows fast open', () => {
    // MP_FASTCLOSE with a key, MP_TCPRST: transient, lack of resources
    const closing = [30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    expect(read([...closing, 30, 4, 0x81, 2, 34, 2, 0, 0])).toMatchObject({
      bits: options.OPT_MPTCP | options.OPT_FAST_OPEN,
      mptcpSubtypes: (1 << 7) | (1 << 8),
      mptcpReset: 0x102,
    });
  });

  it('reads a shift count above 14 as 14', () => {
    expect(read([3, 3, 15, 0]).windowScale).toBe(14);
  });

  it.each([
    ['a length of 0', [2, 0, 0, 0]],
    ['a length of 1', [8, 1, 0, 0]],
    ['a length beyond the header', [8, 10, 0, 0]],
    ['a length that its kind does not have', [2, 3, 0, 0]],
    ['a kind without its length', [1, 1, 1, 2]],
    ['SACK blocks that are not whole', [5, 8, 0, 0, 0, 0, 0, 0]],
  ])('calls %s malformed', (_name, bytes) => {
    expect(read(bytes).bits & options.OPT_MALFORMED).toBe(options.OPT_MALFORMED);
  });

  it('says when the snap length cut the options', () => {
    const bytes = [2, 4, 5, 0xb4, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0];
    expect(read(bytes, 30).bits).toBe(options.OPT_MSS | options.OPT_CUT);
    expect(read(bytes, 20).bits).toBe(options.OPT_CUT);
    expect(read(bytes, 13).bits).toBe(options.OPT_CUT);
    expect(read(bytes, 36).bits).toBe(options.OPT_MSS | options.OPT_TIMESTAMPS);
  });

  it('never reads beyond the captured bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 64 }), (bytes) => {
        const out = newTcpOptions();
        readTcpOptions(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length, out);
        expect(out.sackAt + out.sackBlocks * 8).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 3000 },
    );
  });
});
