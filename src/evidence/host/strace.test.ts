import { describe, expect, it } from 'vitest';
import { parseText } from './source.ts';
import { createStraceParser, type StraceLog } from './strace.ts';
import type { TracedSocket } from './traced-socket.ts';

const PEER = '{sa_family=AF_INET, sin_port=htons(5000), sin_addr=inet_addr("10.0.0.9")}';
const ACCEPT = `accept4(3, ${PEER}, [16], SOCK_CLOEXEC) = 4`;

/** Each line gets a pid and a second of its own. */
function log(...lines: readonly string[]): StraceLog {
  return parseText(
    createStraceParser(),
    lines
      .map((line, index) =>
        /^\d+ /.test(line)
          ? line.replace(/^(\d+) /, `$1 10:00:${two(index)}.000000 `)
          : `7 10:00:${two(index)}.000000 ${line}`,
      )
      .join('\n'),
  );
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function socket(...lines: readonly string[]): TracedSocket {
  return log(...lines).sockets.find(({ remote }) => remote === '10.0.0.9:5000')!;
}

describe('a socket in strace', () => {
  it('is opened, read and let go of', () => {
    expect(socket(ACCEPT, 'recvfrom(4, "GE"..., 99, 0, NULL, NULL) = 60', 'close(4) = 0')).toMatchObject({
      opened: { line: 1, by: 'accept' },
      received: 60,
      counted: true,
      release: { line: 3, by: 'close', pid: 7 },
      failed: null,
    });
  });

  it('has its address from decorations, getsockname or the listener', () => {
    const bare = ACCEPT;
    expect(
      socket('bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = 0', bare).local,
    ).toBe('0.0.0.0:80');
    expect(
      socket(bare, 'getsockname(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.5")}, [16]) = 0')
        .local,
    ).toBe('10.0.0.5:80');
    const decorated = log(
      'accept4(3<TCPv6:[[::]:80]>, NULL, NULL, SOCK_CLOEXEC) = 4<TCPv6:[[::ffff:10.0.0.5]:80->[::ffff:10.0.0.9]:5000]>',
    );
    expect(decorated.sockets.at(-1)).toMatchObject({ local: '10.0.0.5:80', remote: '10.0.0.9:5000' });
    const v6 = log(
      'connect(4, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS (Operation now in progress)',
    );
    expect(v6.sockets[0]).toMatchObject({ remote: '[2001:db8::1]:443', opened: { by: 'connect' } });
  });

  it('is not read by a peek, a failure or an interrupted call', () => {
    const peeked = socket(
      ACCEPT,
      'recvfrom(4, "GE"..., 99, MSG_PEEK, NULL, NULL) = 60',
      'recvfrom(4, 0x55, 99, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)',
    );
    expect(peeked).toMatchObject({ received: 0, counted: false, failed: null });
  });

  it('is counted only where every way to read it is in the log', () => {
    expect(socket(ACCEPT, 'close(4) = 0').counted).toBe(false);
    expect(socket('read(0, "", 1) = 0', ACCEPT, 'close(4) = 0').counted).toBe(true);
    expect(socket('read(0, "", 1) = 0', ACCEPT, 'splice(4, NULL, 9, NULL, 99, 0) = 50').counted).toBe(false);
    expect(socket('read(0, "", 1) = 0', 'io_uring_enter(5, 1, 0, 0, NULL, 8) = 1', ACCEPT).counted).toBe(false);
    const unseen = log('read(4<TCP:[10.0.0.5:80->10.0.0.9:5000]>, "x", 1) = 1').sockets[0];
    expect(unseen).toMatchObject({ remote: '10.0.0.9:5000', opened: null, counted: false });
  });

  it('aborts on close where SO_LINGER says so, itself or its listener', () => {
    expect(socket(ACCEPT, on(4)).lingerZero).toMatchObject({ line: 2 });
    expect(socket(ACCEPT, on(4), on(4).replace('l_onoff=1', 'l_onoff=0')).lingerZero).toBeNull();
    expect(socket(ACCEPT, on(4).replace('l_linger=0', 'l_linger=5')).lingerZero).toBeNull();
    const listener = 'bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = 0';
    expect(socket(listener, on(3), ACCEPT).lingerZero).toMatchObject({ line: 2 });
  });

  it('is let go of with its last descriptor', () => {
    expect(socket(ACCEPT, 'dup(4) = 9', 'close(4) = 0').release).toBeNull();
    expect(socket(ACCEPT, 'dup(4) = 9', 'close(4) = 0', 'close(9) = 0').release).toMatchObject({ line: 4 });
  });

  it('is not let go of while another process still uses its copy', () => {
    const kept = socket(ACCEPT, 'close(4) = 0', '8 recvfrom(4, "x", 99, 0, NULL, NULL) = 1');
    expect(kept).toMatchObject({ release: null, received: 1 });
    expect(
      socket(ACCEPT, 'close(4) = 0', '8 recvfrom(4, "x", 99, 0, NULL, NULL) = 1', '8 close(4) = 0').release,
    ).toMatchObject({ line: 4, pid: 8 });
  });

  it('is let go of when the read that was under way returns', () => {
    const read = socket(
      ACCEPT,
      '8 read(4,  <unfinished ...>',
      'close(4) = 0',
      '8 <... read resumed>"GET"..., 64) = 64',
    );
    expect(read).toMatchObject({
      received: 64,
      release: { line: 3, time: { ofDay: 36_003 } },
      closedUnderReader: { reader: { line: 2, pid: 8 }, closer: { line: 3, pid: 7 } },
    });
  });

  it('tells a number that was given out again', () => {
    const next = ACCEPT.replace('5000', '6000');
    const all = log(ACCEPT, 'close(4) = 0', next, 'recvfrom(4, "x", 99, 0, NULL, NULL) = 5').sockets;
    expect(all.map(({ remote, received }) => [remote, received])).toEqual([
      ['10.0.0.9:5000', 0],
      ['10.0.0.9:6000', 5],
    ]);
  });

  it('shows a write behind its own shutdown, and the first failure', () => {
    expect(
      socket(
        ACCEPT,
        'shutdown(4, SHUT_WR) = 0',
        'sendto(4, "x", 1, MSG_NOSIGNAL, NULL, 0) = -1 EPIPE (Broken pipe)',
        'close(4) = 0',
      ),
    ).toMatchObject({
      shutdown: { line: 2 },
      writeAfterShutdown: { line: 3 },
      failed: { line: 3, errno: 'EPIPE', call: 'sendto' },
    });
  });

  it('goes with the process that a signal ends, not with a thread that returns', () => {
    expect(socket(ACCEPT, '+++ killed by SIGKILL +++').release).toMatchObject({ by: 'exit', line: 2 });
    expect(socket(ACCEPT, '8 read(4, "x", 1) = 1', '8 +++ exited with 0 +++').release).toBeNull();
    const ended = log(
      ACCEPT,
      '--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---',
      '+++ killed by SIGTERM +++',
    );
    expect(ended).toMatchObject({ asked: [{ signal: 'SIGTERM', line: 2 }], ends: [{ signal: 'SIGTERM', line: 3 }] });
  });
});

describe('lines of strace', () => {
  it('are understood in every form of time and pid', () => {
    const forms = ['close(3) = 0', '1 close(3) = 0'].flatMap((call) => [
      call.replace('close', '10:00:00.000001 close'),
      call.replace('close', '1795263127.739647 close'),
      call.replace('close', '10:00:00 close'),
    ]);
    const text = [
      ...forms,
      '[pid   12] 10:00:00.000001 close(3)       = 0 <0.000012>',
      'strace: Process 12 attached',
    ].join('\n');
    expect(parseText(createStraceParser(), text)).toMatchObject({ lines: 8, understood: 8 });
    expect(parseText(createStraceParser(), 'close(3) = 0\nsome words\n')).toMatchObject({ lines: 2, understood: 0 });
  });

  it('are not led astray by what was written', () => {
    const tricky = socket(
      ACCEPT,
      'sendto(4, ") = -1 ECONNRESET (\\n", 20, 0, NULL, 0) = 20',
      'recvfrom(4, "MSG_x = 7) = 9"..., 99, 0, NULL, NULL) = 60',
    );
    expect(tricky).toMatchObject({ failed: null, received: 60 });
  });
});

function on(fd: number): string {
  return `setsockopt(${fd}, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8) = 0`;
}
