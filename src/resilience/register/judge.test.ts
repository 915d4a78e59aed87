import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAUSE_IDS, SILENCE_IDS } from '../../terms/causes.ts';
import { judge, seconds, STALE_IDLE_MS } from './judge.ts';
import type { Facts } from './record.ts';
import { facts } from './testing/facts.ts';

const reused = { reused: true, servedBefore: 3, idleMs: 61_000 } as const;
const post = { request: { method: 'POST', path: '/pay' } } as const;

function brief(changes: Partial<Facts>): readonly unknown[] {
  const { cause, level, retry } = judge(facts(changes));
  return [cause, level, retry];
}

describe('judge', () => {
  it('a reset of a reused connection after a long idle is a stale reuse', () => {
    expect(brief(reused)).toEqual(['stale-reuse', 'likely', 'safe']);
    expect(judge(facts(reused)).why).toContain('idle for 61 s');
  });

  it('after a short idle an abort looks the same, and both are named', () => {
    const idleMs = STALE_IDLE_MS - 1;
    const { group, level } = judge(facts({ ...reused, idleMs }));
    expect({ group, level }).toEqual({ group: ['stale-reuse', 'unread-data', 'linger-zero'], level: 'possible' });
  });

  it('a FIN that crossed the request is a stale reuse however short the idle', () => {
    expect(brief({ ...reused, idleMs: 1, finSeen: true, lastFromPeer: 'fin', condition: 'closed' })).toEqual([
      'stale-reuse',
      'likely',
      'safe',
    ]);
  });

  it('a POST is safe to send again only when nothing of it was written', () => {
    expect(brief({ ...reused, ...post })[2]).toBe('safe-with-idempotency-key');
    expect(brief({ ...reused, ...post, bytesWritten: 0 })[2]).toBe('safe');
  });

  it('a fresh connection has no idle limit: unread data and linger 0 are named together', () => {
    expect(judge(facts())).toMatchObject({ cause: 'unread-data', level: 'possible' });
    expect(judge(facts()).group).toContain('linger-zero');
  });

  it('a reset after part of the answer is no stale reuse, reused or not', () => {
    expect(brief({ ...reused, bytesRead: 10 })[0]).toBe('linger-zero');
    expect(brief({ bytesRead: 10, lastFromPeer: 'fin', finSeen: true })[0]).toBe('process-crash');
  });

  it('a failed write after the answer began is a rejected payload', () => {
    expect(brief({ ...post, bytesRead: 10, syscall: 'write', condition: 'broken-pipe' })[0]).toBe('payload-rejected');
  });

  it('a broken pipe on a fresh connection is data after close', () => {
    expect(brief({ condition: 'broken-pipe', syscall: 'write' })[0]).toBe('data-after-close');
    expect(brief({ condition: 'broken-pipe', request: null })[0]).toBe('data-after-close');
  });

  it('refused and timed out connects are told apart, and both are safe to retry', () => {
    expect(brief({ phase: 'connect', condition: 'refused' })).toEqual(['refused', 'likely', 'safe']);
    expect(brief({ phase: 'connect', condition: 'timed-out' })).toEqual(['connect-timeout', 'likely', 'safe']);
    expect(brief({ phase: 'connect' })[0]).toBe('backlog-overflow');
  });

  it('silence of an established connection is no connect timeout', () => {
    expect(brief({ condition: 'timed-out', ...post })).toEqual([
      'retransmission-timeout',
      'possible',
      'safe-with-idempotency-key',
    ]);
  });

  it('a reset inside the TLS handshake is a mismatch or a rule', () => {
    expect(brief({ phase: 'handshake', tls: true, tlsEstablished: false })).toEqual([
      'protocol-mismatch',
      'possible',
      'safe',
    ]);
  });

  it('what this process ended itself is not blamed on the peer, whatever else is seen', () => {
    expect(brief({ ...reused, endedHere: true })[0]).toBe('client-abort');
    expect(brief({ side: 'server', endedHere: true })[0]).toBe('policy-abort');
  });

  it('a server blames the client that left, and its own late write on a close', () => {
    expect(brief({ side: 'server' })).toEqual(['client-abort', 'likely', 'unknown']);
    expect(brief({ side: 'server', request: null })).toEqual(['client-abort', 'possible', 'not-needed']);
    expect(brief({ side: 'server', syscall: 'write', condition: 'broken-pipe' })[0]).toBe('data-after-close');
  });

  it('an idle connection that ends costs nothing', () => {
    expect(brief({ request: null, servedBefore: 2, phase: 'idle' })).toEqual([
      'idle-timeout',
      'possible',
      'not-needed',
    ]);
  });

  it('without a protocol it names no request', () => {
    expect(brief({ request: null, protocol: null })[0]).toBe('unread-data');
    expect(brief({ request: null, protocol: null, bytesWritten: 0 })[0]).toBe('policy-abort');
  });

  it('bytes of an HTTP/2 session are not taken for an answer', () => {
    expect(judge(facts({ protocol: 'h2', bytesRead: 500 })).title).toContain('HTTP/2 session');
  });

  it('never throws, and names only causes that have a name', () => {
    const names = new Set<string>([...CAUSE_IDS, ...SILENCE_IDS]);
    const any = fc.record({
      condition: fc.constantFrom('refused', 'timed-out', 'reset', 'broken-pipe', 'aborted', 'closed', 'unknown'),
      phase: fc.constantFrom('connect', 'handshake', 'request', 'response', 'idle', 'unknown'),
      side: fc.constantFrom('client', 'server'),
      lastFromPeer: fc.constantFrom('rst', 'fin', 'data', 'nothing'),
      idleMs: fc.option(fc.double({ noNaN: true })),
      sinceConnectMs: fc.option(fc.double({ noNaN: true })),
      reused: fc.boolean(),
      finSeen: fc.boolean(),
      endedHere: fc.boolean(),
      servedBefore: fc.nat(),
      bytesRead: fc.nat(),
      bytesWritten: fc.nat(),
      request: fc.option(fc.record({ method: fc.string(), path: fc.string() })),
      syscall: fc.option(fc.constantFrom('read', 'write', 'connect')),
    });
    fc.assert(
      fc.property(any, (changes) => {
        const { cause, group } = judge(facts(changes as Partial<Facts>));
        expect(group[0]).toBe(cause);
        expect(group.filter((name) => !names.has(name))).toEqual([]);
      }),
    );
  });
});

describe('seconds', () => {
  it('rounds as people speak', () => {
    expect([4.4, 1500, 61_234].map(seconds)).toEqual(['4 ms', '1.5 s', '61 s']);
  });
});
