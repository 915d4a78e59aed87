import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import { nextCommand } from './next-command.ts';
import type { Facts, FirsthandRecord } from './record.ts';
import { storyLines } from './story.ts';
import { facts } from './testing/facts.ts';

function record(changes: Partial<Facts>): FirsthandRecord {
  const all = facts(changes);
  const judgement = judge(all);
  return { ...all, ...judgement, next: nextCommand(all, judgement) };
}

it('tells connection, reuse, idle time, bytes and retry', () => {
  expect(
    storyLines(record({ reused: true, servedBefore: 3, idleMs: 61_000, tls: true, tlsEstablished: true })),
  ).toEqual([
    '    firsthand: stale-reuse (likely): the server had given up the kept-alive connection before it saw this request',
    '      GET / to 192.0.2.1:443 (api.test), local port 50000, TLS, reused connection, 70 s old, 3 served, idle 61 s before, 100 B sent and 0 B read for this request, last from the peer: reset',
    '      why: reused connection, idle for 61 s; the request was written and the first thing back was a reset',
    "      retry: safe; next: sudo tcpdump -ni any -w reset.pcap 'host 192.0.2.1 and tcp port 443' ; npx firsthand read reset.pcap",
  ]);
});

it('lets no control character and no line break of the outside pass', () => {
  const lines = storyLines(record({ request: { method: 'GET', path: '/\u001b[31m\n    at evil (x.js:1:1)\u2028' } }));
  expect(lines).toHaveLength(4);
  // oxlint-disable-next-line no-control-regex
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u2028]/);
});

it('names a Unix socket by its path', () => {
  const peer = { host: null, address: null, port: null };
  expect(storyLines(record({ pipe: '/run/app.sock', peer })).join('\n')).toContain('GET / to /run/app.sock, ');
});

it('fills commands with the addresses, IPv6 in brackets where the tool wants them', () => {
  const peer = { host: null, address: '2001:db8::1', port: 80 };
  expect(record({ phase: 'connect', condition: 'timed-out', peer }).next).toMatch(/telnet:\/\/\[2001:db8::1\]:80 /);
  expect(record({ peer }).next).toContain("'host 2001:db8::1 and tcp port 80'");
  expect(record({ phase: 'connect', condition: 'refused' }).next).toMatch(/^ss -ltn 'sport = :443'   # on api\.test:/);
  expect(record({ side: 'server', localPort: 8080 }).next).toContain('tcp port 8080');
});

it('puts no name into a command that a shell could read otherwise', () => {
  for (const host of ["a';reboot;'", '$(reboot)', 'a b', '-w/etc/passwd', '']) {
    const { next } = record({ peer: { host, address: null, port: 80 } });
    expect(next).toBe('npx firsthand explain unread-data');
  }
});
