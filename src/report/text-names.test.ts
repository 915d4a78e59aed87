import { describe, expect, it } from 'vitest';
import { toInk } from './ink.ts';
import { sampleConnection, sampleReset } from './testing/sample.ts';
import { isRefused, toBriefSubject, toMoment, toSubject } from './text-names.ts';
import { toCertainty, toDuration } from './words.ts';

describe('isRefused', () => {
  const client = { ...sampleReset().sender, side: 'client' as const };
  it.each([
    [sampleReset({ mechanism: 'syn-answer', phase: 'unknown' }), true],
    [sampleReset({ mechanism: 'in-path-answer', phase: 'connect' }), true],
    [sampleReset({ phase: 'connect', sender: client }), false],
    [sampleReset({ phase: 'handshake' }), false],
    [sampleReset(), false],
  ])('is true only for an answer to the SYN (%#)', (reset, refused) => {
    expect(isRefused(reset)).toBe(refused);
  });
});

describe('toMoment', () => {
  it.each([
    ['idle', 60_001.2, 'after 60.0 s idle'],
    ['request', 400, 'during the request'],
    ['response', 30_000, 'while the response was due, 30.0 s after the last data'],
    ['connect', null, 'while connecting'],
    ['unknown', null, ''],
  ] as const)('in phase %s after %s ms', (phase, idleMs, words) => {
    expect(toMoment(sampleReset({ phase, connection: sampleConnection({ idleMs }) }))).toBe(words);
  });
});

describe('toSubject', () => {
  it('adds the role where it is more than the side, and the name', () => {
    const { sender } = sampleReset();
    const balancer = sampleReset({ sender: { ...sender, role: 'load-balancer' } });
    expect(toSubject(balancer, toInk())).toBe('by the server (load-balancer nginx)');
    const nameless = sampleReset({ sender: { ...sender, role: 'unknown', name: '' } });
    expect(toSubject(nameless, toInk(), '10.0.0.5:443')).toBe('by the server 10.0.0.5:443');
  });
  it('sees nothing in between two programs of one host', () => {
    const sender = { ...sampleReset().sender, actor: 'middlebox' as const };
    expect(toBriefSubject(sampleReset({ sender }))).toBe('by something in between, in the name of the server');
    const client = { address: '10.0.0.5', port: 51234 };
    const same = sampleReset({ sender, connection: sampleConnection({ client }) });
    expect(toBriefSubject(same)).toBe('by something else on the same host, in the name of the server');
  });
});

describe('words', () => {
  it('gives durations in the unit that timeouts are set in', () => {
    expect([0.0421, 12.3, 1500, 350_000, 7_200_000, 432_000_000].map(toDuration)).toEqual([
      '0.042 ms',
      '12 ms',
      '1.5 s',
      '350.0 s',
      '7200 s',
      '5.0 days',
    ]);
  });

  it('puts no number beside a proof', () => {
    expect([toCertainty('proof', 0.99), toCertainty('possible', 0.354)]).toEqual(['proof', 'possible 35%']);
  });
});
