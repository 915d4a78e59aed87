import { describe, expect, it } from 'vitest';
import { protocolMismatch } from './protocol-mismatch.ts';
import { fires, resetCase, resetFacts, type Change } from './testing/facts.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { Mechanism } from '../terms/mechanisms.ts';

const judge = (
  client: ResetFacts['app']['opening']['client'],
  server: ResetFacts['app']['opening']['server'],
  change: Change<ResetFacts> = {},
  mechanism: Mechanism = 'active-abort',
) => {
  const app = { turns: 2, opening: { client, server }, ...change.app };
  return protocolMismatch.judge(resetCase(resetFacts({ ...change, app }), mechanism));
};

describe('protocol-mismatch', () => {
  it.each([
    ['TLS, and the server answers in plain HTTP', 'tls', 'http-response', 0.95],
    ['plain HTTP, and the server answers with TLS', 'http-request', 'tls', 0.95],
    ['plain HTTP to an SSH server', 'http-request', 'ssh', 0.95],
  ] as const)('fires when the client opens with %s', (_name, client, server, weight) => {
    const judged = fires(protocolMismatch, judge(client, server));
    expect(judged).toMatchObject({ weight, level: 'likely' });
    expect(judged.evidence[0]!.fact).toBe('openings-do-not-fit');
  });
  it('fires when an HTTP server answers what is no HTTP with an error', () => {
    const response = { line: 'HTTP/1.1 400 Bad Request', status: 400, frame: 7 } as ResetFacts['app']['response'];
    expect(judge('binary', 'http-response', { app: { response } }).outcome).toBe('fires');
    const served = { ...response!, status: 200 };
    expect(judge('binary', 'http-response', { app: { response: served } }).outcome).toBe('no');
  });
  it('stays quiet when both speak the same, and when they have talked for a while', () => {
    expect(judge('tls', 'tls').outcome).toBe('no');
    expect(judge('http-request', 'http-response').outcome).toBe('no');
    expect(judge('tls', 'http-response', { app: { turns: 4 } }).outcome).toBe('no');
  });
  it('stays quiet about a RST that nobody’s application sent', () => {
    expect(judge('tls', 'http-response', {}, 'forged').outcome).toBe('no');
  });
  it('cannot tell what a silent server expected, more surely so where plain text is usual', () => {
    const plain = fires(protocolMismatch, judge('tls', 'none', { server: { port: 8080 } }));
    const other = fires(protocolMismatch, judge('tls', 'none', { server: { port: 9999 } }));
    expect(plain).toMatchObject({ level: 'possible', twins: ['unread-data', 'linger-zero', 'process-crash'] });
    expect(plain.wouldTell).toContain('whether port 8080 speaks TLS');
    expect(plain.weight).toBeGreaterThan(other.weight);
    expect(fires(protocolMismatch, judge('text', 'none'))).toMatchObject({ weight: 0.3, level: 'possible' });
    expect(judge('tls', 'none', { sender: 'client' }).outcome).toBe('no');
  });
});
