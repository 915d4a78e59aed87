import { describe, expect, it } from 'vitest';
import type { LogReport } from './define.ts';
import { toLogReport } from './join.ts';
import { createPartReader } from './reader.ts';

const START_MS = Date.UTC(2026, 10, 20, 10);
const refused = (atMs: number, host: string): string =>
  `${new Date(START_MS + atMs).toISOString()} Error: connect ECONNREFUSED ${host}:5432\n`;

function join(...logs: string[]): LogReport {
  return toLogReport(
    logs.map((text, at) => {
      const reader = createPartReader({ path: `hop${at + 1}.log` });
      reader.feed(new TextEncoder().encode(text));
      return reader.end();
    }),
  );
}

describe('toLogReport', () => {
  it('joins what happened at one time, on the addresses that both logs name', () => {
    const report = join(
      refused(0, '10.0.0.5') + refused(60_000, '10.0.0.6'),
      refused(500, '10.0.0.5') + refused(60_500, '10.0.0.7'),
    );
    expect(report.timeline.map(({ shared }) => shared)).toEqual([['10.0.0.5', '10.0.0.5:5432'], []]);
    expect(report.timeline[0]?.episodes.map(({ input }) => input)).toEqual([0, 1]);
  });

  it('joins nothing that lies farther apart than clocks do, and says so', () => {
    const report = join(refused(0, '10.0.0.5'), refused(2500, '10.0.0.5'));
    expect(report.timeline).toEqual([]);
    expect(report.notes).toContainEqual(expect.stringContaining('nothing in it falls together'));
  });

  it('puts HAProxy’s line where the failure was, thirty seconds after the time that it bears', () => {
    const line =
      '10.0.0.9:40000 [20/Nov/2026:10:00:00.000] fe app/web1 0/0/1/-1/30001 504 512 - - sH-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"\n';
    const report = join(line, refused(30_000, '10.0.0.9'));
    expect(report.timeline).toMatchObject([{ shared: ['10.0.0.9'], from: new Date(START_MS + 30_000).toISOString() }]);
    expect(join(`Nov 20 10:00:30 lb1 haproxy[22]: ${line}`, refused(30_000, '10.0.0.9')).timeline).toHaveLength(1);
  });

  it('does not take loopback for an address that two logs share', () => {
    expect(
      join(refused(0, '127.0.0.1').replace(':5432', ''), refused(0, '127.0.0.1').replace(':5432', '')).timeline[0]
        ?.shared,
    ).toEqual([]);
  });

  it('tells a clock that is off by as much every time, and not a delay that varies', () => {
    const times = [0, 60_000, 120_000, 180_000];
    const first = times.map((ms) => refused(ms, '10.0.0.5')).join('');
    const late = times.map((ms) => refused(ms + 1500, '10.0.0.5')).join('');
    const varied = times.map((ms, at) => refused(ms + 400 * at, '10.0.0.5')).join('');
    expect(join(first, late).notes).toContainEqual(
      expect.stringContaining('hop2.log seems 1.5 s ahead of that of hop1.log'),
    );
    expect(join(first, varied).notes.join(' ')).not.toContain('seems');
  });
});
