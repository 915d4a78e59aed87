import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJournalParser } from './journal.ts';
import { createKernelTraceParser } from './kernel-trace.ts';
import { createSocketTableParser } from './sockets.ts';
import { LONGEST_LINE, parseText, type LineParser, type Understood } from './source.ts';
import { createStraceParser } from './strace.ts';

const PARSERS: Readonly<Record<string, () => LineParser<Understood>>> = {
  kernel: createKernelTraceParser,
  strace: createStraceParser,
  ss: createSocketTableParser,
  journal: createJournalParser,
};

/** Pieces of real lines, so that random texts come far into the parsers. */
const PIECES = [
  '7 10:00:00.000001 ',
  '[pid 8] 1795263127.739647 ',
  'accept4(3, {sa_family=AF_INET, sin_port=htons(5000), sin_addr=inet_addr("10.0.0.9")}, [16], 0) = 4',
  'close(4)',
  'read(4, <unfinished ...>',
  '<... read resumed>"x", 4) = 1',
  '4<TCP:[10.0.0.5:80->10.0.0.9:5000]>',
  '+++ killed by SIGKILL +++',
  ' = -1 ECONNRESET (x)',
  'node-7 [000] ..... 1.5: ',
  'tcp_send_reset: skbaddr=0 skaddr=1 src=1.1.1.1:1 dest=2.2.2.2:2 state=TCP_CLOSE reason=TCP_STATE',
  'inet_sock_set_state: family=AF_INET6 protocol=IPPROTO_TCP sport=1 dport=2 saddr=',
  'sched_process_exit: comm=',
  'firsthand-clock 1795263127.739647',
  '# entries-in-buffer/entries-written: 1/',
  'ESTAB 0 0 127.0.0.1:1 127.0.0.1:2 users:(("a",pid=1,fd=2),',
  'Nov 21 12:00:01 host kernel: Out of memory: Killed process 12 (',
  'systemd[1]: a.service: Main process exited, code=killed, status=9/KILL',
  '\n',
  '\r\n',
  '\u0000',
];

const text = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 60 })
  .map((parts) => parts.join(''));

describe.each(Object.entries(PARSERS))('hostile %s', (_, create) => {
  it('never throws, and understands no more lines than there are', () => {
    fc.assert(
      fc.property(text, (input) => {
        const { lines, understood } = parseText(create(), input);
        expect(understood).toBeLessThanOrEqual(lines);
      }),
      { numRuns: 400 },
    );
  });

  it('gets through the longest lines: one that makes an expression backtrack would not end', () => {
    for (const piece of [...PIECES, ' ', '-1', '(', '"', 'a=', '[', '<TCP:[', 'users:((']) {
      const line = piece
        .replaceAll('\n', ' ')
        .repeat(Math.ceil(LONGEST_LINE / Math.max(1, piece.length)))
        .slice(0, LONGEST_LINE);
      const parser = create();
      for (let i = 0; i < 50; i++) parser.line(line);
      expect(parser.end().lines).toBe(50);
    }
  });
});

it('keeps a bounded number of sockets, and says what it left out', { timeout: 60_000 }, () => {
  const parser = createStraceParser();
  for (let i = 0; i < 120_000; i++) {
    parser.line(
      `7 10:00:00.000001 accept4(3, {sa_family=AF_INET, sin_port=htons(${1 + (i % 65_000)}), sin_addr=inet_addr("10.0.0.9")}, [16], 0) = ${4 + i}`,
    );
  }
  const { sockets, dropped } = parser.end();
  expect(sockets.length).toBe(100_000);
  expect(dropped).toBe(20_000);
  expect(sockets.every(({ counted }) => !counted)).toBe(true);
});
