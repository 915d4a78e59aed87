import { describe, expect, it } from 'vitest';
import { makeFakeTcpdump } from '../cli/testing/fake-tcpdump.ts';
import { type LiveProblem, startLive, toTcpdumpArguments } from './live.ts';

const LISTENING = 'tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 256 bytes\n';

describe('startLive', () => {
  it('passes on what tcpdump writes until it is told to stop', async () => {
    const tcpdump = await makeFakeTcpdump({
      says: LISTENING,
      writes: 'packets',
      finallySays: '3 packets captured\n2 packets dropped by kernel\n',
    });
    const live = await startLive({ interface: 'lo', tcpdump });
    expect(live.listening).toBe('lo');
    let seen = '';
    for await (const chunk of live.packets) {
      seen += Buffer.from(chunk).toString();
      live.stop();
    }
    expect(seen).toBe('packets');
    expect(await live.ended).toEqual({ dropped: 2 });
  });

  it('leaves no handler on the process behind', async () => {
    const before = process.listenerCount('exit');
    const live = await startLive({
      interface: 'lo',
      tcpdump: await makeFakeTcpdump({ says: LISTENING, finallySays: '' }),
    });
    expect(process.listenerCount('exit')).toBe(before + 1);
    live.stop();
    await live.ended;
    expect(process.listenerCount('exit')).toBe(before);
  });

  it.each<[LiveProblem, string]>([
    [
      'no-rights',
      "tcpdump: eth0: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)\n",
    ],
    ['no-device', 'tcpdump: nope0: No such device exists\n(No such device exists)\n'],
    ['bad-filter', "tcpdump: can't parse filter expression: syntax error\n"],
    ['failed', 'tcpdump: something new\n'],
  ])('tells %s from the words of tcpdump', async (problem, says) => {
    const tcpdump = await makeFakeTcpdump({ says });
    await expect(startLive({ interface: 'eth0', tcpdump })).rejects.toMatchObject({
      problem,
      message: says.split('\n')[0]?.replace('tcpdump: ', ''),
    });
  });

  it('says that there is no tcpdump', async () => {
    await expect(startLive({ interface: 'lo', tcpdump: '/nowhere/tcpdump' })).rejects.toMatchObject({
      problem: 'no-tcpdump',
    });
  });
});

describe('toTcpdumpArguments', () => {
  it('asks for TCP unless told otherwise, and keeps the filter apart from the flags', () => {
    expect(toTcpdumpArguments({ interface: 'lo' }).join(' ')).toBe('-i lo -U -w - --immediate-mode -s 256 -- tcp');
    expect(toTcpdumpArguments({ interface: 'lo', filter: ['port', '443'], snaplen: 96 }).slice(-3)).toEqual([
      '96',
      '--',
      'port 443',
    ]);
  });
});
