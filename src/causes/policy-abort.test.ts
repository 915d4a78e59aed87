import { describe, expect, it } from 'vitest';
import { policyAbort } from './policy-abort.ts';
import { atMs, BARREN, fires, mark, resetCase, resetFacts, type Change } from './testing/facts.ts';
import type { ResetFacts } from '../evidence/facts.ts';

const asked: Change<ResetFacts> = {
  bytes: { client: 60, server: 0 },
  app: { request: { line: 'GET /admin HTTP/1.1', method: 'GET' } as never, requestComplete: true },
};
const judge = (change: Change<ResetFacts>) => policyAbort.judge(resetCase(resetFacts(change), 'active-abort'));

const waits = (closedMs: number): Change<ResetFacts> => ({
  atNs: atMs(1010),
  bytes: { client: 60, server: 12_288 },
  half: { client: { window: 0 } },
  marks: [mark({ frame: 3, tNs: 0, window: 100 }), mark({ frame: 4, tNs: atMs(closedMs), window: 0 })],
});

describe('policy-abort', () => {
  it('is possible beside SO_LINGER 0 when a connection is aborted right after it was accepted', () => {
    const judged = fires(policyAbort, judge(BARREN));
    expect(judged).toMatchObject({ weight: 0.55, level: 'possible', twins: ['linger-zero'] });
    expect(judged.evidence[0]!.text).toContain('before either side said anything');
  });
  it('is one of several when a complete request is aborted at once', () => {
    const judged = fires(policyAbort, judge(asked));
    expect(judged).toMatchObject({ weight: 0.3, twins: ['unread-data', 'linger-zero', 'process-crash'] });
  });
  it('stays quiet when the capture does not show that the connection was accepted just before', () => {
    expect(judge({ ...BARREN, startSeen: false, handshakeDone: false }).outcome).toBe('no');
  });
  it('stays quiet after an answer, after a pause, for half a request, and for the client’s resets', () => {
    expect(judge({ ...asked, bytes: { client: 60, server: 10 } }).outcome).toBe('no');
    expect(judge({ ...asked, quietMs: 900 }).outcome).toBe('no');
    expect(judge({ ...asked, app: { ...(asked.app as object), requestComplete: false } }).outcome).toBe('no');
    expect(judge({ ...BARREN, sender: 'client' }).outcome).toBe('no');
  });
  it('is possible when the client had not read for a while', () => {
    expect(fires(policyAbort, judge(waits(10))).evidence[0]!.text).toContain('closed for 1.0 s');
    expect(judge(waits(900)).outcome).toBe('no');
    expect(judge({ ...waits(10), half: { client: { window: 9 } } }).outcome).toBe('no');
  });
});
