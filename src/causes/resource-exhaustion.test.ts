import { describe, expect, it } from 'vitest';
import { resourceExhaustion } from './resource-exhaustion.ts';
import { population, resetCase, resetFacts } from './testing/facts.ts';

const said = (server: string) =>
  resourceExhaustion.judge(resetCase(resetFacts({ app: { firstText: { server } } }), 'active-abort')).outcome;

describe('resource-exhaustion', () => {
  it('cannot tell from an abort, and names the counter that would', () => {
    expect(resourceExhaustion.judge(resetCase(resetFacts(), 'active-abort'))).toMatchObject({
      outcome: 'cannot-tell',
      wouldTell: expect.stringContaining('TCPAbortOnMemory'),
    });
  });
  it('fires when the server says that it cannot start another process, as far as the capture keeps it', () => {
    expect(['Ecould not fork new process for connection: R', 'Ecould not '].map(said)).toEqual(['fires', 'fires']);
    expect(['', 'Ecould', 'Ecould not connect'].map(said)).toEqual(['cannot-tell', 'cannot-tell', 'cannot-tell']);
  });
  it('is excluded when a kernel without a socket answered', () => {
    expect(resourceExhaustion.judge(resetCase(resetFacts(), 'passive-answer')).outcome).toBe('no');
  });
  it('is excluded when the same idle time comes again and again', () => {
    const resets = [0, 1, 2].map((row) => resetFacts({ row, idleMs: 60_000 + row }));
    expect(resourceExhaustion.judge(resetCase(resets[0]!, 'active-abort', population(resets))).outcome).toBe('no');
  });
});
