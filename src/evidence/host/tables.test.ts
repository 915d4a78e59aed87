import { describe, expect, it } from 'vitest';
import { toEndpoint } from './endpoint.ts';
import { createJournalParser } from './journal.ts';
import { resolveTime, zoneLike } from './log-time.ts';
import { createSocketTableParser } from './sockets.ts';
import { parseText } from './source.ts';

const NEAR = Date.UTC(2026, 10, 21, 12, 0, 1) / 1000;

describe('ss', () => {
  it('gives state, queues, ends and owners, and passes over details', () => {
    const { rows, understood, lines } = parseText(
      createSocketTableParser(),
      [
        'State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process',
        'LISTEN 0      128                *:8083             *:*     users:(("node",pid=70,fd=3),("node",pid=71,fd=3))',
        '\t cubic cwnd:10',
        'ESTAB  500    0      [::ffff:10.0.0.5]:8083  [::ffff:10.0.0.9]:38822 users:(("node",pid=70,fd=4)) timer:(keepalive,5sec,0) ino:1 sk:2',
        'CLOSE-WAIT 1 0 10.0.0.5%eth0:80 10.0.0.9:99',
        'not a row',
      ].join('\n'),
    );
    expect({ lines, understood }).toEqual({ lines: 6, understood: 5 });
    expect(rows).toMatchObject([
      { state: 'LISTEN', local: '0.0.0.0:8083', remote: '', users: [{ pid: 70 }, { pid: 71 }] },
      { state: 'ESTAB', recvQ: 500, local: '10.0.0.5:8083', remote: '10.0.0.9:38822', users: [{ command: 'node' }] },
      { state: 'CLOSE-WAIT', local: '10.0.0.5:80', line: 5 },
    ]);
  });
});

describe('the journal', () => {
  it.each([
    '2026-11-21T12:00:01.000000+00:00 host kernel: Out of memory: Killed process 12 (my app) total-vm:1kB',
    '2026-11-21T13:00:01+0100 host kernel: Out of memory: Killed process 12 (my app) total-vm:1kB',
    '2026-11-21T12:00:01Z host kernel: oom-kill:constraint=CONSTRAINT_MEMCG,task=my app,pid=12,uid=0',
    'Nov 21 12:00:01 host kernel: Memory cgroup out of memory: Killed process 12 (my app) total-vm:1kB',
    'Nov 21 12:00:01.000000 host kernel: [  12.5] Out of memory: Killed process 12 (my app)',
    '[Sat Nov 21 12:00:01 2026] Memory cgroup out of memory: Killed process 12 (my app) total-vm:1kB',
    `${NEAR}.000000 host kernel: Out of memory: Killed process 12 (my app)`,
  ])('reads %s', (line) => {
    expect(first(line)).toMatchObject({ kind: 'oom', pid: 12, command: 'my app', at: 0 });
  });

  it('reads faults, exits of units and stops', () => {
    expect(of('kernel: nginx[9]: segfault at 0 ip 00 sp 00 error 4 in nginx')).toMatchObject({
      kind: 'fault',
      pid: 9,
      command: 'nginx',
    });
    expect(of('kernel: traps: node[9] general protection fault ip:1 sp:2')).toMatchObject({ kind: 'fault', pid: 9 });
    expect(of('kernel: traps: node[9] trap invalid opcode ip:1 sp:2')).toMatchObject({ kind: 'fault', pid: 9 });
    expect(of('systemd[1]: app.service: Main process exited, code=killed, status=9/KILL')).toMatchObject({
      kind: 'unit-exit',
      unit: 'app.service',
      code: 'killed',
      status: 'KILL',
    });
    expect(of('systemd[1]: Stopping app.service - My App...')).toMatchObject({ kind: 'stopping', unit: 'app.service' });
    expect(of('systemd[1]: Stopped app.service - My App.')).toMatchObject({ kind: 'stopped', unit: 'app.service' });
    expect(of('app[9]: hello')).toBeUndefined();
  });

  it('does not find a year before in a line that names its year', () => {
    expect(first('[Fri Nov 21 12:00:01 2025] Out of memory: Killed process 12 (x)')).not.toMatchObject({ at: 0 });
  });
});

describe('times and addresses', () => {
  it('of day are those nearest to the capture, across midnight and zones', () => {
    const near = Date.UTC(2026, 0, 1, 0, 0, 5) / 1000;
    expect(resolveTime({ kind: 'of-day', ofDay: 86_399 }, near, 0)).toBe(near - 6);
    expect(resolveTime({ kind: 'of-day', ofDay: 3605 }, near, 60)).toBe(near);
    expect(resolveTime({ kind: 'no-year', month: 11, day: 31, ofDay: 86_399 }, near, 0)).toBe(near - 6);
  });

  it('that are a zone away are told from those that are merely late', () => {
    expect(zoneLike(3600.2, 1)).toBe('+01:00');
    expect(zoneLike(-12_600, 1)).toBe('-03:30');
    expect(zoneLike(0.5, 1)).toBeNull();
    expect(zoneLike(1300, 1)).toBeNull();
    expect(zoneLike(90_000, 1)).toBeNull();
  });

  it('have one form', () => {
    expect(['127.0.0.1:80', '[::1]:80', '::1:80', '[::ffff:10.0.0.1]:80', '[fe80::1%eth0]:80'].map(toEndpoint)).toEqual(
      ['127.0.0.1:80', '[::1]:80', '[::1]:80', '10.0.0.1:80', '[fe80::1]:80'],
    );
    expect(['*:80', '10.0.0.1:0', '10.0.0.1:99999', 'host:80', ':80', '1.2.3:5'].map(toEndpoint)).toEqual([
      '',
      '',
      '',
      '',
      '',
      '',
    ]);
  });
});

function of(message: string): unknown {
  return first(`Nov 21 12:00:01 host ${message}`);
}

function first(line: string): unknown {
  const [event] = parseText(createJournalParser(), line).events;
  return event && { ...event, at: resolveTime(event.time, NEAR, 0) - NEAR };
}
