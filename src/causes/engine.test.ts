import { describe, expect, it } from 'vitest';
import { costOf } from './cost.ts';
import { rankCauses } from './engine.ts';
import { BARREN, resetCase, resetFacts } from './testing/facts.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { judge } from './testing/read.ts';

const HANDSHAKE = '0 > S\n1 < SA\n1.1 > A\n';
const total = (ranked: ReturnType<typeof rankCauses>) =>
  ranked.alternatives.reduce((sum, { confidence }) => sum + confidence, ranked.confidence);

const cost = (lines: string) => judge(HANDSHAKE + lines).cost;

/** What is left of linger-zero, in shares of client-abort: its own weight is 0.65 here. */
const left = (request: ResetFacts['app']['request']): number => {
  const app = { pending: true, lastSpeaker: 'client', request } as const;
  const { confidence, alternatives } = rankCauses(
    resetCase(resetFacts({ sender: 'client', app, idleMs: 3000 }), 'active-abort'),
  );
  return alternatives.find(({ id }) => id === 'linger-zero')!.confidence / confidence;
};

describe('ranking', () => {
  it.each(['active-abort', 'passive-answer', 'syn-answer', 'in-path-answer', 'forged', 'unknown'] as const)(
    'adds up to certainty with the doubt (%s)',
    (mechanism) => {
      for (const facts of [resetFacts(), resetFacts({ sender: 'client' }), resetFacts(BARREN)]) {
        expect(total(rankCauses(resetCase(facts, mechanism)))).toBeCloseTo(1, 9);
      }
    },
  );
  it('names the doubt among the alternatives', () => {
    const ranked = rankCauses(resetCase(resetFacts(), 'forged'));
    expect(ranked.id).toBe('injected');
    expect(ranked.alternatives.map(({ id }) => id)).toContain('unknown');
  });
  it('is wholly unknown when nothing fires', () => {
    expect(rankCauses(resetCase(resetFacts(), 'unknown'))).toMatchObject({
      id: 'unknown',
      confidence: 1,
      alternatives: [],
    });
  });
  it('leaves the less of a generic cause, the better its context fits', () => {
    expect(left(null)).toBeCloseTo((0.65 * 0.25) / 0.55, 2);
    expect(left({ line: 'GET / HTTP/1.1' } as never)).toBeCloseTo((0.65 * 0.15) / 0.85, 2);
  });
  it('claims no more than possible for a group', () => {
    const ranked = rankCauses(resetCase(resetFacts({ app: { pending: true } }), 'active-abort'));
    expect(ranked.group!.length).toBeGreaterThan(1);
    expect(ranked.group![0]).toBe(ranked.id);
    expect(ranked.level).toBe('possible');
  });
  it('puts the context before the generic cause, which stays an alternative', () => {
    const facts = resetFacts({
      sender: 'client',
      app: { pending: true, lastSpeaker: 'client' },
      idleMs: 3000,
      quietMs: 10,
    });
    const ranked = rankCauses(resetCase(facts, 'active-abort'));
    expect(ranked.id).toBe('client-abort');
    expect(ranked.alternatives.map(({ id }) => id)).toContain('linger-zero');
    expect(ranked.alternatives.find(({ id }) => id === 'linger-zero')!.confidence).toBeLessThan(ranked.confidence / 2);
  });
});

describe('cost', () => {
  it.each([
    ['GET', 'request-unanswered', 'safe'],
    ['HEAD', 'request-unanswered', 'safe'],
    ['DELETE', 'request-unanswered', 'safe'],
    ['POST', 'request-unanswered', 'safe-with-idempotency-key'],
    ['PATCH', 'request-unanswered', 'safe-with-idempotency-key'],
  ])('of an unanswered %s', (method, impact, retry) => {
    expect(cost(`2 > PA "${method} / HTTP/1.1\\r\\n\\r\\n"\n3 < A\n40 < RA`)).toEqual({ impact, retry });
  });
  it('of a POST whose body was cut off', () => {
    expect(cost('2 > PA "POST / HTTP/1.1\\r\\nContent-Length: 900\\r\\n\\r\\nabc"\n3 < A\n40 < RA')).toEqual({
      impact: 'request-unsent',
      retry: 'safe-with-idempotency-key',
    });
  });
  it('of a response that was cut off', () => {
    expect(
      cost(
        '2 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n3 < PA "HTTP/1.1 200 OK\\r\\nContent-Length: 900\\r\\n\\r\\nabc"\n3.1 > A\n40 < RA',
      ),
    ).toEqual({
      impact: 'response-truncated',
      retry: 'safe',
    });
  });
  it('of TLS is unknown where the records hide the end', () => {
    expect(
      costOf(
        resetFacts({ phase: 'idle', app: { isTls: true, pending: false } }),
        resetCase(resetFacts(), 'active-abort').mechanism,
        'linger-zero',
      ),
    ).toEqual({ impact: 'unknown', retry: 'unknown' });
  });
  it('of a connection on which nobody spoke is a connect that failed', () => {
    expect(cost('5 < RA')).toEqual({ impact: 'connect-failed', retry: 'safe' });
  });
  it('of a refused connection, too', () => {
    expect(judge('0 > S\n1 < RA rawseq=0 win=0 ts=off').cost).toEqual({ impact: 'connect-failed', retry: 'safe' });
  });
});
