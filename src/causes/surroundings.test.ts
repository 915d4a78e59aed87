import { describe, expect, it } from 'vitest';
import { resetFacts } from './testing/facts.ts';
import { surroundingsOf, whoElse } from './surroundings.ts';

describe('surroundings of a RST', () => {
  const facts = resetFacts({ hostTtl: { synAck: 61, segment: 62 } });

  it('are told from its own claimed sender, whichever RST of the connection it is', () => {
    expect(surroundingsOf(facts, facts.rst)).toMatchObject({
      rttMs: 1,
      hostTtl: { synAck: 61, segment: 62 },
      sideText: 'the server 10.0.0.5:443',
      peerText: 'the client 10.0.0.9:51234',
    });
    const ofClient = { ...facts.rst, packet: { ...facts.rst.packet, side: 0 } };
    expect(surroundingsOf(facts, ofClient)).toMatchObject({
      rttMs: 0.1,
      hostTtl: { synAck: 0, segment: 0 },
      sideText: 'the client 10.0.0.9:51234',
    });
  });
  it('have no place behind a suspect on one host, but its rules', () => {
    expect(whoElse(surroundingsOf(facts, facts.rst))).toContain('a capture on the other side of the suspect');
    const own = resetFacts({ client: { address: '127.0.0.1' }, server: { address: '127.0.0.1' } });
    expect(whoElse(surroundingsOf(own, own.rst))).toContain('the counters of its reject rules');
  });
});
