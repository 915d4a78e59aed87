import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toScanner } from '../literals.ts';
import { createLineScanner, MAX_LINE_LEN } from './scan.ts';

const LITERALS = ['reset', 'broken pipe'];
const LF = 10;
const SAMPLED_WHOLE = 10_000;

describe('createLineScanner', () => {
  it('gives the lines that a naive reader gives, whatever the bytes and the pieces', () => {
    const part = fc.oneof(
      fc.constantFrom('\n', '\r\n', '\0', 'reset', 'RESET', 'rese', 'Broken Pipe', 'broken', ' pipe', ' ', '\r'),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 9 }),
    );
    const text = fc.array(part, { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }), (log, lens) => {
        expect(scan(toPieces(fromBinary(log), lens))).toEqual(scanNaively(log));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives every byte of a line, and none of its end', () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== LF);
    expect(scan([everyByte, fromBinary('\r\n'), everyByte]).given).toEqual([
      ['sampled', 1, String.fromCharCode(...everyByte)],
      ['sampled', 2, String.fromCharCode(...everyByte)],
    ]);
  });

  it('finds a literal that is cut at any place, and a newline that is', () => {
    const log = 'first line of it\r\nread: connection Reset by peer\r\n\nlast, BROKEN PIPE';
    const bytes = fromBinary(log);
    const whole = scan([bytes]);
    expect(whole.given.filter(([kind]) => kind !== 'sampled').map(([, line]) => line)).toEqual([2, 4]);
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(scan([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
  });

  it('shows the lines above a line, whatever the pieces, and no line that is cut off', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', 'reset', '\r'), maxLength: 9 });
    const lens = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 });
    const beginning = fc.integer({ min: 0, max: 4 }).map((count) => `${'c'.repeat(5000)}\n`.repeat(count));
    fc.assert(
      fc.property(beginning, fc.array(line, { maxLength: 20 }), lens, (long, short, pieceLens) => {
        const log = `${long}${short.join('\n')}\n`;
        const lines = log.split('\n');
        const seen: string[] = [];
        const scanner = createLineScanner(toScanner(LITERALS), {
          candidate: () => seen.push(toBinary(scanner.above())),
          sampled: () => seen.push(toBinary(scanner.above())),
        });
        for (const piece of toPieces(fromBinary(log), pieceLens)) scanner.feed(piece);
        scanner.end();
        expect(seen).toEqual(
          lines.slice(0, -1).map((_, at) => {
            const above = lines.slice(0, at).map((text) => `${text}\n`);
            while (above.join('').length > 16 * 1024 - 1) above.shift();
            return above.join('');
          }),
        );
      }),
    );
  });

  it('reads a longer line to 64 KiB, in one piece or many', () => {
    const within = `${'x'.repeat(MAX_LINE_LEN - 5)}reset and more`;
    const beyond = `${'x'.repeat(MAX_LINE_LEN - 4)}reset, and again reset`;
    const both = `reset${'x'.repeat(MAX_LINE_LEN)}reset`;
    const log = `${within}\n${beyond}\n${both}\nreset\n${'y'.repeat(MAX_LINE_LEN)}\n`;
    const expected = scanNaively(log);
    expect(expected.cutLines).toBe(3);
    expect(scan([fromBinary(log)])).toEqual(expected);
    expect(scan(toPieces(fromBinary(log), [4096, 1, 70_001]))).toEqual(expected);
  });

  it('samples by number once the first lines are over, and still counts, cuts and finds', () => {
    const lines = Array.from({ length: SAMPLED_WHOLE + 3000 }, (_, at) =>
      at % 701 === 0 ? `${at} reset` : `${at} ${'.'.repeat(at % 23)}`,
    );
    lines[SAMPLED_WHOLE + 20] = 'z'.repeat(MAX_LINE_LEN + 1);
    // Candidate and to be sampled at once; the last line has no newline.
    lines[SAMPLED_WHOLE + 495] = 'a reset';
    const log = lines.join('\n');
    const expected = scanNaively(log);
    expect(expected).toMatchObject({ lines: lines.length, cutLines: 1 });
    expect(scan([fromBinary(log)])).toEqual(expected);
    expect(scan(toPieces(fromBinary(log), [5003]))).toEqual(expected);
    expect(scan(toPieces(fromBinary(log), [262_144]))).toEqual(expected);
  });

  it('reads a piece that lies unaligned in a larger buffer', () => {
    const log = `${'a line\n'.repeat(SAMPLED_WHOLE + 400)}a reset\n${'more\n'.repeat(300)}`;
    for (let shift = 0; shift < 4; shift++) {
      const piece = fromBinary(`${'\n'.repeat(shift)}${log}\n\n\n`).subarray(shift, shift + log.length);
      expect(scan([piece])).toEqual(scanNaively(log));
    }
  });
});

interface Scanned {
  readonly given: (readonly ['candidate' | 'candidate and sampled' | 'sampled', number, string])[];
  readonly lines: number;
  readonly cutLines: number;
}

function scan(pieces: Iterable<Uint8Array>): Scanned {
  const given: Scanned['given'] = [];
  const scanner = createLineScanner(toScanner(LITERALS), {
    candidate: (bytes, line, isSampled) =>
      given.push([isSampled ? 'candidate and sampled' : 'candidate', line, toBinary(bytes)]),
    sampled: (bytes, line) => given.push(['sampled', line, toBinary(bytes)]),
  });
  for (const piece of pieces) scanner.feed(piece);
  scanner.end();
  return { given, lines: scanner.lines, cutLines: scanner.cutLines };
}

function scanNaively(log: string): Scanned {
  const lines = log.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const given = lines.flatMap((line, at): Scanned['given'] => {
    const read = line.slice(0, MAX_LINE_LEN);
    const shown = read.replace(/\r$/, '');
    const isSampled = at < SAMPLED_WHOLE || (at + 1) % 256 === 0;
    if (LITERALS.some((literal) => read.toLowerCase().includes(literal)))
      return [[isSampled ? 'candidate and sampled' : 'candidate', at + 1, shown]];
    return isSampled ? [['sampled', at + 1, shown]] : [];
  });
  return { given, lines: lines.length, cutLines: lines.filter(({ length }) => length > MAX_LINE_LEN).length };
}

function* toPieces(bytes: Uint8Array, lens: readonly number[]): Iterable<Uint8Array> {
  // One buffer for all pieces, as a reader of files has it.
  const piece = new Uint8Array(Math.max(...lens));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const taken = bytes.subarray(at, at + lens[turn % lens.length]!);
    piece.set(taken);
    yield piece.subarray(0, taken.length);
    at += taken.length;
  }
}

function fromBinary(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function toBinary(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}
