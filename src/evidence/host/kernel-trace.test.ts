import { describe, expect, it } from 'vitest';
import { createKernelTraceParser } from './kernel-trace.ts';
import { parseText } from './source.ts';

const parse = (text: string): ReturnType<ReturnType<typeof createKernelTraceParser>['end']> =>
  parseText(createKernelTraceParser(), text);

const V6 = 'saddrv6=::ffff:127.0.0.1 daddrv6=::ffff:127.0.0.1';

describe('a kernel trace', () => {
  it('gives the reason of Linux 6.10 and later, and who ran', () => {
    const { events } = parse(
      '         python3-30365   [000] .N... 34448.557472: tcp_send_reset: skbaddr=0000000000000000 skaddr=00000000c703d625 src=127.0.0.1:8081 dest=127.0.0.1:54070 state=TCP_CLOSE reason=TCP_ABORT_ON_CLOSE',
    );
    expect(events).toEqual([
      {
        line: 1,
        at: 34448.557472,
        task: { pid: 30365, command: 'python3' },
        kind: 'send-reset',
        from: '127.0.0.1:8081',
        to: '127.0.0.1:54070',
        active: true,
        state: 'TCP_CLOSE',
        reason: 'TCP_ABORT_ON_CLOSE',
      },
    ]);
  });

  it('gives both ends of older kernels, which print no reason and IPv6 apart', () => {
    const older = `curl-12 [001] ..s1 10.500000: tcp_send_reset: skbaddr=000000009278d8f1 skaddr=00000000aa family=AF_INET sport=80 dport=4000 saddr=10.0.0.5 daddr=10.0.0.9 ${V6} state=TCP_ESTABLISHED`;
    const v6 =
      'curl-12 [001] .... 10.500000: tcp_send_reset: skbaddr=0000000000000000 skaddr=00000000aa sport=80 dport=4000 saddr=0.0.0.0 daddr=0.0.0.0 saddrv6=2001:db8::5 daddrv6=2001:db8:0:0::9 state=TCP_CLOSE';
    expect(parse(`${older}\n${v6}`).events).toMatchObject([
      { from: '10.0.0.5:80', to: '10.0.0.9:4000', active: false, reason: '', task: null },
      { from: '[2001:db8::5]:80', to: '[2001:db8::9]:4000', active: true, task: { pid: 12 } },
    ]);
  });

  it('reads the words of trace-cmd and perf, and tasks with odd names', () => {
    const rest = 'skbaddr=(nil) skaddr=0x1 src=[::1]:80 dest=[::ffff:10.0.0.9]:4000 state=TCP_CLOSE reason=TCP_STATE';
    const { events } = parse(
      [
        `  my server-4-77    [003]  5.000001: tcp_send_reset:       ${rest.replace('(nil)', '0x0')}`,
        `node 77 [003]    5.000001: tcp:tcp_send_reset: ${rest}`,
        `      (sd-pam)-77   (     77) [003] ..... 5.000001: tcp_send_reset: ${rest}`,
      ].join('\n'),
    );
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({ from: '[::1]:80', to: '10.0.0.9:4000', active: true, task: null });
    expect(events[2]).toMatchObject({ task: { pid: 77, command: '(sd-pam)' } });
  });

  it('names nobody for what an interrupt or a thread of the kernel did', () => {
    const event =
      '5.1: tcp_send_reset: skbaddr=0 skaddr=1 src=1.1.1.1:1 dest=2.2.2.2:2 state=TCP_CLOSE reason=TCP_STATE';
    for (const head of [
      'tcpdump-9 [001] .Ns1.',
      'node-9 [001] d.h1.',
      'kworker/0:1-9 [001] .....',
      '<idle>-0 [001] .....',
    ]) {
      expect(parse(`${head} ${event}`).events[0]?.task).toBeNull();
    }
  });

  it('reads ends of processes, victims, states and the clock that was written into it', () => {
    const { events, marks } = parse(
      [
        'a b-7 [000] ..... 1.5: sched_process_exit: comm=a b pid=7 prio=120 group_dead=true',
        'node-8 [000] ..... 2.5: sched_process_exit: comm=node pid=8 prio=120',
        'x-1 [000] ..... 3.5: mark_victim: pid=8 comm=my app total-vm=1kB',
        'x-1 [000] ..... 3.5: mark_victim: pid=9',
        `x-1 [000] ..... 4.5: inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP sport=80 dport=81 saddr=127.0.0.1 daddr=127.0.0.1 ${V6} oldstate=TCP_SYN_RECV newstate=TCP_ESTABLISHED`,
        `x-1 [000] ..... 4.5: inet_sock_set_state: family=AF_INET protocol=IPPROTO_SCTP sport=80 dport=81 saddr=127.0.0.1 daddr=127.0.0.1 ${V6} oldstate=TCP_SYN_RECV newstate=TCP_ESTABLISHED`,
        'sh-1 [000] ..... 5.5: tracing_mark_write: firsthand-clock 1795263023.177199',
      ].join('\n'),
    );
    expect(events).toMatchObject([
      { kind: 'exit', pid: 7, command: 'a b' },
      { kind: 'exit', pid: 8 },
      { kind: 'oom', pid: 8, command: 'my app' },
      { kind: 'oom', pid: 9, command: '' },
      { kind: 'state', local: '127.0.0.1:80', remote: '127.0.0.1:81', after: 'TCP_ESTABLISHED' },
    ]);
    expect(marks).toEqual([{ at: 5.5, wallSeconds: 1795263023.177199 }]);
  });

  it('knows whether it is whole', () => {
    const event = 'x-1 [000] ..... 1.5: sched_process_exit: comm=x pid=1 prio=120';
    expect(parse(heading('1/1') + event)).toMatchObject({ whole: true, lossy: false });
    expect(parse(heading('2/2') + event)).toMatchObject({ whole: false, lossy: false });
    expect(parse(heading('1/7') + event)).toMatchObject({ whole: false, lossy: true });
    expect(parse(event)).toMatchObject({ whole: false, lossy: false });
    expect(parse(`CPU:0 [LOST 12 EVENTS]\n${event}`)).toMatchObject({ whole: false, lossy: true });
  });

  it('counts what it does not understand', () => {
    expect(parse('hello\nx-1 [000] ..... 1.5: sched_switch: a\n# a comment\n')).toMatchObject({
      lines: 3,
      understood: 0,
    });
  });
});

function heading(numbers: string): string {
  return `# tracer: nop\n# entries-in-buffer/entries-written: ${numbers}   #P:2\n`;
}
