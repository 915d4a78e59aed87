import { describe, expect, it } from 'vitest';
import { conversation } from '../flow/testing/conversation.ts';
import { refused } from './refused.ts';
import { atMs, fires, listener, packet, population, resetCase, resetFacts, trigger } from './testing/facts.ts';
import { judgePackets } from './testing/read.ts';

const answered = { phase: 'connect', trigger: trigger('syn', 0.4, { frame: 1 }) } as const;

describe('refused', () => {
  it('fires when a RST answers a SYN, and shows both frames', () => {
    const judged = fires(refused, refused.judge(resetCase(resetFacts(answered), 'syn-answer')));
    expect(judged).toMatchObject({ weight: 0.9, level: 'likely' });
    expect(judged.evidence[0]!.frames.map(({ frame }) => frame)).toEqual([1, 10]);
  });
  it('says when the same listener accepted others', () => {
    const facts = resetFacts({ ...answered, firstNs: atMs(1000) });
    const among = population([facts], { listeners: listener({ accepted: [atMs(500), atMs(4000)] }) });
    const judged = fires(refused, refused.judge(resetCase(facts, 'syn-answer', among)));
    expect(judged.evidence.map((e) => e.text).join()).toMatch(
      /accepted 2 other connections \(last 500 ms before this SYN, next 3.0 s after it\)/,
    );
    expect(refused.remedies(resetCase(facts, 'syn-answer', among))[0]!.text).toContain(
      '10.0.0.5:443 open while the service restarts',
    );
  });
  it('is only possible when the RST has another TTL than its host', () => {
    const facts = resetFacts({
      ...answered,
      rst: { packet: packet({ frame: 10, ttl: 63 }) },
      hostTtl: { synAck: 0, segment: 64 },
    });
    const judged = fires(refused, refused.judge(resetCase(facts, 'syn-answer')));
    expect(judged).toMatchObject({ weight: 0.6, level: 'possible' });
    expect(judged.wouldTell).toContain('firewall');
  });
  it('accepts the TTL of either packet class of the host', () => {
    const facts = resetFacts({ ...answered, hostTtl: { synAck: 17, segment: 64 } });
    expect(fires(refused, refused.judge(resetCase(facts, 'syn-answer'))).weight).toBe(0.9);
  });
  it('stays quiet when the connection was established', () => {
    expect(refused.judge(resetCase(resetFacts(), 'passive-answer')).outcome).toBe('no');
  });
  it('thinks nothing of the TTL of a host whose sockets have a TTL of their own', () => {
    const bgp = { serverPort: 179, serverTtl: 1, clientTtl: 1 };
    const session = conversation('0 > S\n1 < SA ttl=255\n1.1 > A\n2 > PA len=19\n3 < PA len=19\n3.1 > A', bgp);
    const refusal = conversation('0 > S\n0.1 < RA rawseq=0 ack=1 win=0 ttl=64 ts=off', {
      ...bgp,
      clientPort: 40_002,
      startMs: 5000,
    });
    const [verdict] = judgePackets(session, refusal);
    expect(verdict!.cause.id).toBe('refused');
    expect(verdict!.cause.evidence.map(({ fact }) => fact)).not.toContain('refusal-ttl');
    expect(verdict!.fired).not.toContain('firewall-reject');
  });
});
