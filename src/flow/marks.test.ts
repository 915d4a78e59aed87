import { describe, expect, it } from 'vitest';
import { createFlows, finishAll, streamSink } from './flows.ts';
import { keep, marksIn, marksOf, type Keepsake, type RecentMarks } from './marks.ts';
import { conversation } from './testing/conversation.ts';
import type { Trace } from './trace.ts';

const REQUEST = '2 > PA "GET /a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"';
/** A hundred packets beyond the first and before the last that are kept. */
const LONG = Array.from({ length: 120 }, (_, i) => `${10 + i} ${i % 2 === 0 ? '>' : '<'} A`).join('\n');

describe('a copy of the kept packets', () => {
  it('is not changed by what follows', () => {
    let kept: Keepsake | undefined;
    feed(
      `0 > S\n1 < SA\n${REQUEST}\n3 < RA\n4 > A\n5 > A`,
      4,
      (trace, store) => (kept = keep(trace, store, new Map())),
    );
    expect(marksIn(kept!).map(({ packet, label }) => [packet.frame, label])).toEqual([
      [1, ''],
      [2, ''],
      [3, 'GET /a HTTP/1.1'],
      [4, ''],
    ]);
  });

  it('counts what was not kept in front of the packet behind it', () => {
    const { trace, store } = feed(`0 > S\n1 < SA\n${LONG}\n200 > A`);
    const marks = marksOf(trace, store);
    const [gap, ...others] = marks.filter(({ missing }) => missing > 0);
    expect(others).toEqual([]);
    expect(gap!.missing).toBe(trace.dropped);
    expect(marks.length + gap!.missing).toBe(123);
    const before = marks[marks.indexOf(gap!) - 1]!;
    expect(gap!.packet.frame - before.packet.frame).toBe(gap!.missing + 1);
  });

  it('remembers the marks that were looked at last, and a bounded number of them', () => {
    const recent: RecentMarks = new Map();
    const { trace, store } = feed('0 > S\n1 < RA');
    const copies = Array.from({ length: 1000 }, () => keep(trace, store, recent));
    const first = marksIn(copies[0]!);
    expect(marksIn(copies[0]!)).toBe(first);
    for (const copy of copies) expect(marksIn(copy)).toEqual(first);
    expect(recent.size).toBeLessThan(200);
    expect(marksIn(copies[0]!)).toEqual(first);
  });
});

type Store = ReturnType<typeof createFlows>['store'];

/** Follows a conversation; `look` is called when `frames` packets have passed. */
function feed(
  lines: string,
  frames = -1,
  look: (trace: Trace, store: Store) => void = () => {},
): { trace: Trace; store: Store } {
  const flows = createFlows();
  const sink = streamSink(flows, { onTrace() {} });
  for (const [i, { bytes, seconds, nanos }] of conversation(lines).entries()) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    sink.packet(view, 0, bytes.length, bytes.length, 1, seconds, nanos, 0, i + 1);
    if (i + 1 === frames) look([...flows.traces.values()][0]!, flows.store);
  }
  const trace = [...flows.traces.values()][0]!;
  if (frames >= 0) finishAll(flows, { onTrace() {} });
  return { trace, store: flows.store };
}
