import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Style } from './ink.ts';
import { toColumns } from './flow-text.ts';
import {
  FULL_REPORT,
  sampleConnection,
  sampleReport,
  sampleReset,
  sampleSilence,
  SAMPLE_RST,
} from './testing/sample.ts';
import { renderText } from './text.ts';
import type { Report, Reset, Summary } from './types.ts';

const noTraffic: Summary = {
  packets: 0,
  tcpPackets: 0,
  connections: 0,
  resets: 0,
  rstPackets: 0,
  senders: [],
  causes: [],
};
const firstLine = (report: Report): string => renderText(report, { width: 300 }).split('\n')[0] ?? '';
const tag = (text: string): string => `«${text}»`;
const many = (count: number): Reset[] => Array.from({ length: count }, (_, at) => sampleReset({ id: `r${at + 1}` }));

describe('the verdict', () => {
  it('names sender, share and reason', () => {
    const other = sampleReset({
      id: 'r3',
      sender: { ...sampleReset().sender, side: 'client', address: '10.0.0.9', port: 51234 },
    });
    expect(firstLine(sampleReport([...many(2), other]))).toBe(
      '9 connections, 3 reset. 2 of 3 by the server 10.0.0.5:443 (nginx), most likely because the connection was idle for longer than a hop allows (idle-timeout).',
    );
    expect(firstLine(sampleReport(many(2)))).toContain('2 reset. Both by the server');
    expect(firstLine(sampleReport(many(1)))).toMatch(
      /^9 connections, 1 reset by the server 10\.0\.0\.5:443 \(nginx\), most likely because /,
    );
  });

  it('speaks plainly of a single connection', () => {
    const report = sampleReport(many(1));
    expect(firstLine({ ...report, summary: { ...report.summary, connections: 1 } })).toMatch(
      /^1 connection, reset by the server 10\.0\.0\.5:443/,
    );
  });

  it('never calls a refused connection reset', () => {
    const refused = sampleReset({
      mechanism: 'syn-answer',
      phase: 'connect',
      cause: { id: 'refused', level: 'proof', confidence: 1 },
    });
    expect(firstLine(sampleReport([refused]))).toBe(
      '9 connections, 1 refused by the server 10.0.0.5:443 (nginx), because nothing accepts connections at that address and port (refused).',
    );
  });

  it('does not accuse an endpoint of what merely bears its address', () => {
    const sender = { ...sampleReset().sender, name: '' };
    expect(firstLine(sampleReport([sampleReset({ sender: { ...sender, actor: 'unknown' } })]))).toContain(
      "1 reset from the server's address 10.0.0.5:443",
    );
    const forged = sampleReport([sampleReset({ sender: { ...sender, actor: 'middlebox' }, mechanism: 'forged' })]);
    expect(firstLine(forged)).toContain('1 reset by something in between, in the name of the server 10.0.0.5:443');
    expect(renderText(forged)).toContain(
      'who     not 10.0.0.5:443 itself (likely 97%): an injected packet, the answer to nothing',
    );
  });

  it('names every cause that cannot be told apart', () => {
    const group = sampleReset({
      cause: { id: 'unread-data', level: 'possible', confidence: 0.5, group: ['unread-data', 'linger-zero'] },
      alternatives: [
        { id: 'linger-zero', confidence: 0.4 },
        { id: 'unknown', confidence: 0.1 },
      ],
    });
    const text = renderText(sampleReport([group]), { width: 300 });
    expect(text).toContain('unread-data or linger-zero, possible 90%');
    expect(text).toContain('(unread-data); linger-zero would leave the same bytes here');
    expect(text).toContain('; otherwise unknown 10%\n');
    expect(text).toContain(
      'possibly because an application closed the socket while data it had not read was waiting in it (unread-data or linger-zero).',
    );
  });

  it('says plainly when there is no RST, no TCP, no packet', () => {
    const quiet = { ...noTraffic, packets: 50, tcpPackets: 40, connections: 5 };
    expect(firstLine(sampleReport([], [], { summary: quiet }))).toBe(
      'No RST in this capture: 5 connections, none reset or refused.',
    );
    expect(
      firstLine(sampleReport([], [sampleSilence()], { summary: { ...quiet, states: { SF: 3, S1: 1, S3: 1 } } })),
    ).toBe(
      'No RST in this capture: 5 connections, none reset or refused; 3 closed by FIN; 1 half closed; 1 still open at the end; 1 went silent: something between forgot the idle connection and drops its packets (idle-dropped).',
    );
    expect(firstLine(sampleReport([], [], { summary: { ...noTraffic, packets: 50 } }))).toBe(
      'No TCP in this capture: none of its 50 packets carries any.',
    );
    expect(firstLine(sampleReport([], [], { summary: noTraffic }))).toBe('No packets in this capture.');
  });
});

describe('the page', () => {
  it('shows one reset whole', () => {
    expect(renderText(sampleReport(), { width: 100 })).toBe(`\
9 connections, 1 reset by the server 10.0.0.5:443 (nginx), most likely because the connection was
  idle for longer than a hop allows (idle-timeout).

Who sent the RSTs
  10.0.0.5  server  nginx  1 RST  1 connection

c.pcap: pcap, EN10MB, 123 packets, read in two passes

r1  10.0.0.9:51234 → 10.0.0.5:443  reset by the server (nginx) after 60.0 s idle
    idle-timeout, likely 72%
    who     10.0.0.5:443 itself (likely 97%): an open socket was aborted
    why     the connection was idle for longer than a hop allows; otherwise linger-zero 20%, unknown
            8%
    cost    Nothing was lost. No retry is needed.

    #19      The RST carries the live window 502 and timestamps that continue the connection: an
             open socket was aborted.
    #18 #19  Nothing reached the server in the 60.0 s before it; the same period ended r2 and r3.

    #14   0.000 s  client ──▶ server   GET /report HTTP/1.1  (412 B)
    #15   0.012 s  client ◀── server   HTTP/1.1 200 OK  (5310 B)
                   … 3 packets …
    #19  60.013 s  client ◀══ server   RST+ACK  win 502, timestamps  ← ended the connection

    fix     Let the client drop idle connections before the server does: an idle limit of 55 s or
            less.
            keepAliveTimeout: 55_000  // undici Agent
            Whoever closes first never meets a RST.
    check   Compare the server setting with the measured 60 s.
            nginx -T | grep -E 'keepalive_timeout|send_timeout'
            An equal value settles it.
    unsure  Whether everything sent had been read: a trace of tcp:tcp_send_reset on 10.0.0.5 would
            tell.
    filter  ip.addr==10.0.0.9 && tcp.port==51234 && ip.addr==10.0.0.5 && tcp.port==443
`);
  });

  it('shows the first of each story whole and the others a line each', () => {
    const stories = [
      {
        title: 'nginx cut idle connections.',
        cause: 'idle-timeout' as const,
        resets: many(14).map(({ id }) => id),
        contrast: [],
      },
    ];
    const text = renderText(sampleReport(many(14), [], { stories }), { width: 120 });
    expect(text.match(/^ {4}who /gm)).toHaveLength(1);
    expect(text.match(/^r\d+ .*reset by the server/gm)).toHaveLength(6);
    expect(text).toContain('nginx cut idle connections. (r1, r2, r3, r4 and 10 more)');
    expect(text).toContain('8 more like these; -v shows each one whole.');
  });

  it('shows everything whole with more detail, and only the answer with less', () => {
    const report = sampleReport(many(3), [sampleSilence()]);
    expect(renderText(report, { detail: 'full' }).match(/^ {4}who /gm)).toHaveLength(3);
    expect(renderText(report, { detail: 'full' })).not.toContain('expected otherwise');
    expect(renderText(report, { detail: 'all' })).toContain('expected otherwise: window 0');
    expect(renderText(report, { detail: 'quiet' })).toBe(
      `9 connections, 3 reset. All 3 by the server 10.0.0.5:443 (nginx), most likely because the
  connection was idle for longer than a hop allows (idle-timeout). 1 more went silent.

Who sent the RSTs
  10.0.0.5  server  nginx  3 RSTs  3 connections
`,
    );
  });

  it('counts the senders beyond the ten busiest, as a scan has thousands', () => {
    const senders = Array.from({ length: 12 }, (_, at) => ({
      address: `10.1.0.${at}`,
      rstPackets: at + 1,
      connections: 1,
      role: 'unknown' as const,
    }));
    const report = sampleReport(many(1), [], { summary: { ...sampleReport().summary, senders } });
    const lines = renderText(report, { detail: 'quiet', width: 200 }).split('\n').slice(3);
    expect(lines[0]).toBe('  10.1.0.11  12 RSTs  1 connection');
    expect(lines.slice(9)).toEqual([
      '  10.1.0.2    3 RSTs  1 connection',
      '  … 2 more addresses with 3 RSTs; -v lists all',
      '',
    ]);
    expect(renderText(report, { detail: 'full' })).toContain('  10.1.0.0     1 RST  1 connection\n');
  });

  it('does not say that an address sent the RSTs when something else sent them in its name', () => {
    const forged = sampleReset({ rsts: [{ ...SAMPLE_RST, actor: 'middlebox' }] });
    expect(renderText(sampleReport())).toContain('\nWho sent the RSTs\n');
    const text = renderText(sampleReport([forged]));
    expect(text).not.toContain('Who sent the RSTs');
    expect(text).toContain('\nRSTs by the address they bear\n');
  });

  it('tells several RSTs of one connection apart, and counts those not listed', () => {
    const rsts = [
      { ...SAMPLE_RST, frame: 18, ended: false, actor: 'middlebox' as const, effect: 'challenged' as const },
      SAMPLE_RST,
      { ...SAMPLE_RST, frame: 20, ended: false, duplicateOf: 19 },
    ];
    expect(renderText(sampleReport([sampleReset({ rsts, moreRsts: 7 })]), { width: 200 })).toContain(
      "    RSTs    #18 in the server's name, challenged; #19 from the server, ended it; #20 the same packet as #19; and 7 more\n",
    );
  });

  it('says in one line where a capture is cut, damaged or not understood', () => {
    expect(renderText(FULL_REPORT, { width: 300 })).toContain(
      'c.pcap: pcap, EN10MB, 123 packets, read in two passes; 2 packets cut by the snap length; damaged in one place (offset 4096: record length 0xffffffff); 3 frames of USB_LINUX_MMAPPED not decoded; 100 finished connections were folded\n',
    );
  });

  it('names the file of a frame when there are several', () => {
    const [input] = sampleReport().inputs;
    const inputs = [input!, { ...input!, path: 'dir/server.pcap' }];
    const evidence = [{ fact: 'f', frames: [{ input: 1, frame: 7 }], text: 'seen there' }];
    expect(renderText(sampleReport([sampleReset({ evidence })], [], { inputs }))).toContain(
      '    server.pcap#7  seen there\n',
    );
  });

  it('brackets IPv6 addresses and shows known names', () => {
    const connection = sampleConnection({
      client: { address: '2001:db8::9', port: 4000, name: 'app' },
      server: { address: '2001:db8::5', port: 443 },
    });
    expect(renderText(sampleReport([sampleReset({ connection })]))).toContain(
      'r1  [2001:db8::9]:4000 (app) → [2001:db8::5]:443',
    );
  });

  it('stays within the width at every width, but for what is copied whole, with ASCII alone where asked', () => {
    const report = sampleReport([...many(2), ...FULL_REPORT.resets], [sampleSilence()], {
      stories: FULL_REPORT.stories,
    });
    const items = [...report.resets, ...report.silences];
    const commands = items.flatMap(({ remedies, confirm }) =>
      [...remedies, ...confirm].map(({ command }) => command ?? ''),
    );
    const copied = [...commands, ...items.map(({ displayFilter }) => displayFilter)].filter(Boolean);
    for (let width = 60; width <= 130; width++) {
      const text = renderText(report, { width, ascii: true, detail: 'all' });
      const lines = text.split('\n').filter((line) => !copied.some((whole) => line.trim().endsWith(whole)));
      for (const line of lines) expect(toColumns(line), line).toBeLessThanOrEqual(width);
      expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    }
  });

  it('lets nothing from a capture reach the terminal raw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const evil = `\u001b[2J\u202e\n${text}`;
        const poisoned = poison(FULL_REPORT, evil) as Report;
        const shown = renderText(poisoned, { detail: 'all' });
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 50 },
    );
  });

  it('paints line by line, so that no colour runs over a line end', () => {
    const style: Style = { strong: tag, faint: tag, alarm: tag, remedy: tag };
    const text = renderText(sampleReport(), { width: 60, style });
    expect(text).toContain('«');
    for (const line of text.split('\n')) expect(line.split('«')).toHaveLength(line.split('»').length);
  });
});

/** Puts a text into every free string of a report; ids and other closed words stay. */
function poison(value: unknown, evil: string, key = ''): unknown {
  const free = [
    'path',
    'format',
    'linkType',
    'what',
    'address',
    'name',
    'title',
    'text',
    'command',
    'why',
    'label',
    'expected',
    'received',
    'displayFilter',
    'at',
    'openedAt',
    'contrast',
    'cannotTell',
    'notes',
    'fact',
  ];
  if (typeof value === 'string') return free.includes(key) ? evil + value : value;
  if (Array.isArray(value)) return value.map((item) => poison(item, evil, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, evil, name)]));
}
