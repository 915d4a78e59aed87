import { describe, expect, it } from 'vitest';
import { judge } from '../causes/testing/read.ts';
import { ladderRows } from './ladder-rows.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

/** Frame and label of every row, as the ladder shows them. */
function labels(lines: string): readonly string[] {
  const { facts } = judge(lines);
  return ladderRows(facts, new Set(facts.marks.map(({ packet }) => packet.frame))).map(({ label }) => label);
}

describe('a segment one number below the next', () => {
  const probes = '10000 < A seq=4\n10000.1 > A win=WINDOW\n20000 < A seq=4\n20000.1 > A win=WINDOW\n21000 < RA';

  it('is a zero-window probe where the peer’s last window was 0', () => {
    const shown = labels(`${OPEN}3.2 > A win=0\n${probes.replaceAll('WINDOW', '0')}`);
    expect(shown.filter((label) => label.includes('probe'))).toEqual([
      'ACK  (zero-window probe)',
      'ACK  (zero-window probe)',
    ]);
  });
  it('is a keep-alive probe where it was not, or no longer', () => {
    const kept = labels(`${OPEN}${probes.replaceAll('WINDOW', '500')}`);
    expect(kept.filter((label) => label.includes('probe'))).toEqual([
      'ACK  (keep-alive probe)',
      'ACK  (keep-alive probe)',
    ]);
    const opened = labels(`${OPEN}3.2 > A win=0\n${probes.replaceAll('WINDOW', '500')}`);
    expect(opened.filter((label) => label.includes('probe'))).toEqual([
      'ACK  (zero-window probe)',
      'ACK  (keep-alive probe)',
    ]);
  });
  it('is a keep-alive probe while only its own sender’s window is closed', () => {
    expect(labels(`${OPEN}10000 < A seq=4 win=0\n10000.1 > A\n21000 < RA`)).toContain(
      'ACK  (keep-alive probe, window full)',
    );
  });
});

describe('one new byte', () => {
  it('to a closed window is a probe of it, as systems other than Linux send it', () => {
    expect(labels(`${OPEN}3.2 > A win=0\n5000 < PA len=1\n5000.1 > A win=0\n21000 < RA`)).toContain(
      'data  (1 B, zero-window probe)',
    );
    expect(labels(`${OPEN}5000 < PA len=1\n5000.1 > A\n21000 < RA`)).toContain('data  (1 B)');
  });
});

describe('the window on a RST', () => {
  it('is in bytes where the scale is known, and otherwise called unscaled', () => {
    const abort = '30 < RA win=64\n';
    expect(labels(OPEN + abort).at(-1)).toMatch(/^RST\+ACK {2}\(win \d+, timestamps\)$/);
    expect(labels(OPEN + abort).at(-1)).not.toContain('win 64,');
    const begun = OPEN.split('\n').slice(3).join('\n');
    expect(labels(begun + abort).at(-1)).toBe('RST+ACK  (win 64 unscaled, timestamps)');
  });
});
