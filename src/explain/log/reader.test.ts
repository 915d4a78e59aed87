import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding, LogReport } from './define.ts';
import { renderLogJson } from './json.ts';
import { renderLogMarkdown } from './markdown.ts';
import { createLogReader } from './reader.ts';
import { renderLogText } from './text.ts';

const START_MS = Date.UTC(2026, 10, 20, 10);
const encoder = new TextEncoder();
const iso = (afterMs: number): string => new Date(START_MS + afterMs).toISOString();

function read(bytes: Uint8Array | string, pieceLen = Infinity): LogReport {
  const all = typeof bytes === 'string' ? encoder.encode(bytes) : bytes;
  const reader = createLogReader({ path: 'a.log', latestMs: START_MS + 86_400_000 });
  for (let at = 0; at < all.length; at += pieceLen) reader.feed(all.slice(at, at + pieceLen));
  return reader.end();
}

const lines = (count: number, toLine: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => `${toLine(at)}\n`).join('');

const refused = (atMs: number, host = '10.0.0.5'): string => `${iso(atMs)} Error: connect ECONNREFUSED ${host}:5432`;

/** A connection that is opened, and reset after a while. */
const resetAfter = (at: number, idleMs: number): string =>
  `${iso(at * 200_000)} conn=${at} opened\n${iso(at * 200_000 + idleMs)} conn=${at} Error: read ECONNRESET`;

const upload =
  (key: string, isLarge: boolean) =>
  (at: number): string =>
    `${iso(at * 1000)} "POST /up HTTP/1.1" ${isLarge ? 502 : 200} 15 ${key}=${isLarge ? 900_000 + at : 100 + at}`;

/** Small requests that go well, large ones that do not, and what is said of their sizes. */
const sizesFound = (key: string): Finding | undefined =>
  read(lines(30, upload(key, false)) + lines(4, upload(key, true))).groups[0]?.findings.find(
    ({ kind }) => kind === 'only-large',
  );

describe('createLogReader', () => {
  it('gives an error the time of its entry, though no line between them was worth decoding, whatever the pieces', () => {
    const frames = '\tat com.example.Client.call(Client.java:42)\n'.repeat(40);
    const trace = (at: number): string =>
      `${iso(at * 1000)} ERROR order ${at} failed\n${frames}java.net.SocketException: Connection reset\n${frames}`;
    const quiet = lines(10_000, (at) => `${iso(0)} INFO ${at}`);
    const log = `${quiet}${trace(7)}${trace(8)}${lines(300, (at) => `${iso(9000 + at)} INFO ${at}`)}${trace(10)}`;
    const report = read(log);
    expect(report.groups).toMatchObject([
      { condition: 'reset', count: 3, first: { at: iso(7000) }, last: { at: iso(10_000) } },
    ]);
    expect(report.inputs[0]?.timeless).toBe(0);
    expect(read(log, 1009)).toEqual(report);
    expect(read(log, 70_001)).toEqual(report);
  });

  it('counts by wording and peer, with first and last occurrence', () => {
    const report = read(lines(9, (at) => refused(at * 1000, `10.0.0.${at % 2}`)));
    expect(report.inputs[0]).toMatchObject({ lines: 9, recognised: 9, from: iso(0), to: iso(8000) });
    expect(report.groups).toMatchObject([
      {
        id: 'g1',
        condition: 'refused',
        count: 9,
        first: { at: iso(0), line: 1 },
        last: { at: iso(8000), line: 9 },
        peers: [
          { address: '10.0.0.0:5432', count: 5 },
          { address: '10.0.0.1:5432', count: 4 },
        ],
        retry: 'safe',
        next: expect.arrayContaining([expect.objectContaining({ command: expect.stringContaining('5432') })]),
      },
    ]);
  });

  it('finds the idle time that comes again and again, and whose default it is', () => {
    expect(read(lines(5, (at) => resetAfter(at, 60_000 + at))).groups[0]?.findings).toContainEqual(
      expect.objectContaining({
        kind: 'same-wait',
        value: 60_000,
        count: 5,
        points: 'idle-timeout',
        text: expect.stringContaining('ALB'),
      }),
    );
    expect(read(lines(5, (at) => resetAfter(at, 7000 * (at + 1) ** 2))).groups[0]?.findings).toEqual([]);
  });

  it('speaks for a crash when the failures stand near one, and not when they are everywhere', () => {
    const oom = `${iso(3_600_000)} kernel: Out of memory: Killed process 900 (postgres)`;
    const near = `${lines(100, (at) => `${iso(at * 60_000)} all is well`)}${oom}\n${lines(4, (at) => refused(3_600_500 + at))}`;
    const group = read(near).groups[0];
    expect(group?.findings).toMatchObject([{ kind: 'near-event', count: 4, of: 4, points: 'process-crash' }]);
    const everywhere = `${lines(60, (at) => refused(at * 60_000))}${oom}\n`;
    expect(read(everywhere).groups[0]?.findings.map(({ kind }) => kind)).not.toContain('near-event');
    const short = `${refused(0)}\n${iso(500)} kernel: Out of memory: Killed process 900 (postgres)\n${refused(900)}\n`;
    expect(read(short).groups[0]?.findings).toEqual([]);
  });

  it('accuses no body limit by sizes that may be those of answers', () => {
    expect(sizesFound('request_length')).toMatchObject({ count: 4, points: 'payload-rejected' });
    const { groups } = read(lines(30, upload('request_length', false)) + lines(4, upload('request_length', true)));
    expect(groups[0]?.causes[0]?.id).toBe('payload-rejected');
    expect(sizesFound('bytes')).toBeDefined();
    expect(sizesFound('bytes')).not.toHaveProperty('points');
  });

  it('counts no kill as a failed connection', () => {
    const report = read(`${iso(0)} kernel: Out of memory: Killed process 900 (postgres)\n`);
    expect(report.inputs[0]?.recognised).toBe(0);
    expect(report.nearby).toMatchObject([{ kind: 'oom', seen: { line: 1 } }]);
  });

  it('says what it assumed', () => {
    const report = read('Nov 20 10:00:00 web1 app[1]: Error: read ECONNRESET\n');
    expect(report.groups[0]?.first.at).toBe(iso(0));
    expect(report.notes).toEqual([expect.stringContaining('UTC'), expect.stringContaining('year')]);
  });

  it('gives the same report whatever the pieces', () => {
    const log = lines(400, (at) =>
      at % 7 === 0 ? refused(at * 900, `10.0.${at % 5}.9`) : `${iso(at * 900)} GET /${at} café €`,
    );
    const whole = read(log);
    expect(whole.inputs[0]?.recognised).toBe(58);
    for (const pieceLen of [1, 7, 64, 1000]) expect(read(log, pieceLen)).toEqual(whole);
  });

  it('takes any bytes, and renders what came of them without control characters', () => {
    const snippets = [
      'read ECONNRESET',
      'connect() failed (111: Connection refused)',
      '\u001b[31m',
      '\u0000',
      '[20/Nov/2026:10:00:00 +0000]',
      '99999-13-45T99:99:99Z',
      'upstream: "',
      'conn=',
      '\r\n',
      '```',
      ' 502 ',
      '9'.repeat(20),
    ];
    const bytes = fc
      .array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.constantFrom(...snippets).map((text) => encoder.encode(text)),
          fc.constant(encoder.encode('\n')),
        ),
        { maxLength: 60 },
      )
      .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 40 }), (all, pieceLen) => {
        const report = read(all);
        expect(read(all, pieceLen)).toEqual(report);
        for (const text of [renderLogText(report), renderLogMarkdown(report), renderLogJson(report)])
          expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
        expect(JSON.parse(renderLogJson(report))).toEqual(JSON.parse(JSON.stringify(report)));
        expect(renderLogText(report, { ascii: true })).toMatch(/^[\n -~]*$/);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a bounded number of peers, groups, events and requests of hostile lines', () => {
    const reader = createLogReader({ latestMs: START_MS });
    for (let block = 0; block < 12; block++) {
      reader.feed(
        encoder.encode(
          lines(1000, (at) => {
            const number = block * 1000 + at;
            const host = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
            return `${refused(number * 5000, host)} GET /${number.toString(36)}x\n${iso(number * 5000)} systemd[1]: Started unit ${number}`;
          }),
        ),
      );
    }
    const report = reader.end();
    expect(report.groups[0]).toMatchObject({ count: 12_000, peersOverflowed: true, morePeerLines: 11_990 });
    expect(report.groups[0]?.peers).toHaveLength(10);
    expect(report.nearby).toHaveLength(500);
    expect(report.moreNearby).toBeGreaterThan(0);
    expect(report.timeline.length).toBeLessThanOrEqual(200);
    expect(report.groups[0]?.rate?.counts.length).toBeLessThanOrEqual(60);
    expect(report.notes).toContainEqual(expect.stringContaining('first episodes'));
  });

  it('holds no more memory for a long log than for a short one', () => {
    const block = encoder.encode(
      lines(8000, (at) =>
        at % 100 === 0
          ? refused(at * 1000, `10.0.${at % 200}.9`)
          : `${iso(at * 1000)} "GET /items/${at} HTTP/1.1" 200 ${at} "Mozilla/5.0 (X11; Linux x86_64)"`,
      ),
    );
    const reader = createLogReader({ latestMs: START_MS });
    const heldAfter = (bytes: number): number => {
      for (let fed = 0; fed < bytes; fed += block.length) reader.feed(block);
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    const early = heldAfter(20e6);
    expect(heldAfter(100e6) - early).toBeLessThan(30e6);
    expect(reader.end().inputs[0]?.bytes).toBeGreaterThan(120e6);
  });
});
