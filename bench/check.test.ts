import { expect, test } from 'vitest';

import { compareCounts } from './check.ts';
import { decodeUsage } from './measure.ts';
import { countTcptraceResets, countTsharkSources, readReportSenders, readUniqCounts } from './tools.ts';

const TRUTH = { '192.0.2.1': 2, '2001:db8:1::f': 1 };

test('agreement names the common count', () => {
  const rstBySender = new Map(Object.entries(TRUTH));
  expect(compareCounts(TRUTH, [{ tool: 'a', rstBySender }])).toEqual([
    'all tools count the same 3 RSTs of 2 senders: generator, a',
  ]);
});

test('a tool that misses IPv6 is told from one that is wrong', () => {
  const [, blind, wrong] = compareCounts(TRUTH, [
    { tool: 'blind', rstBySender: new Map([['192.0.2.1', 2]]) },
    { tool: 'wrong', rstBySender: new Map([['192.0.2.1', 3]]) },
  ]);
  expect(blind).toBe('differs: blind counts 2 RSTs of 1 senders: every IPv4 one and no IPv6 one');
  expect(wrong).toContain('2 senders wrong, such as 192.0.2.1 3 instead of 2, 2001:db8:1::f 0 instead of 1');
});

test('the output of uniq, tshark, tcptrace and firsthand is read', () => {
  const expected = new Map([
    ['192.0.2.1', 2],
    ['10.1.0.9', 1],
  ]);
  expect(readUniqCounts('      2 192.0.2.1\n      1 10.1.0.9\n')).toEqual(expected);
  const tshark = [
    '    7   0.112417    192.0.2.1 → 10.1.0.104   TCP 66 8080 → 35961 [RST, ACK]',
    ' 4374   0.320237     10.1.0.9 → 192.0.2.14   TCP 66 41541 → 8080 [RST, ACK]',
    '13014  10.243658    192.0.2.1 → 10.1.1.20    TCP 54 443 → 41293 [RST, ACK]',
  ];
  expect(countTsharkSources(tshark.join('\n'))).toEqual(expected);
  const senders = [...expected].map(([address, rstPackets]) => ({ address, rstPackets }));
  expect(readReportSenders(JSON.stringify({ summary: { senders } }))).toEqual(expected);
  expect(readReportSenders('gzip')).toBeUndefined();
  const tcptrace = '  1: a:1 - b:2 (a2b)   4>    4<  (complete)\n  2: a:3 - b:2 (c2d)   1>    1<  (reset)\n';
  expect(countTcptraceResets(tcptrace)).toBe(1);
});

test('the usage that GNU time prints is read, warnings before it skipped', () => {
  expect(decodeUsage('Command exited with non-zero status 1\n0.25 0.50 2048\n')).toEqual({
    cpuS: 0.75,
    peakRssBytes: 2_097_152,
  });
});
