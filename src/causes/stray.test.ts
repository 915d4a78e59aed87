import { describe, expect, it } from 'vitest';
import { stray } from './stray.ts';
import { fires, half, population, resetCase, resetFacts } from './testing/facts.ts';

const lone = { half: { client: half(), server: half() } };
const strays = (count: number) =>
  Array.from({ length: count }, (_, row) => resetFacts({ ...lone, row, client: { host: 100 + row } }));

const factsOf = (count: number) => {
  const all = strays(count);
  return fires(stray, stray.judge(resetCase(all[0]!, 'syn-answer', population(all)))).evidence.map((e) => e.fact);
};

describe('stray', () => {
  it('fires when the capture shows nothing but RSTs, and asks for an earlier capture', () => {
    const judged = fires(stray, stray.judge(resetCase(resetFacts(lone), 'passive-answer')));
    expect(judged).toMatchObject({
      weight: 0.9,
      level: 'possible',
      wouldTell: expect.stringContaining('begins earlier'),
    });
  });
  it('stays quiet when either side was seen before or after the RST', () => {
    expect(
      stray.judge(resetCase(resetFacts({ half: { client: half(), server: half({ packets: 1 }) } }), 'unknown')).outcome,
    ).toBe('no');
    expect(
      stray.judge(resetCase(resetFacts({ ...lone, rst: { after: { fromReceiver: 1 } } }), 'unknown')).outcome,
    ).toBe('no');
  });
  it('says what its form tells of the missing connection', () => {
    const texts = (['active-abort', 'syn-answer', 'passive-answer'] as const).map(
      (mechanism) => fires(stray, stray.judge(resetCase(resetFacts(lone), mechanism))).evidence[1]!.text,
    );
    expect(texts).toEqual([
      expect.stringContaining('the state of a live socket'),
      expect.stringContaining('refuses a SYN that the capture does not show'),
      expect.stringContaining('the form of an answer to a segment'),
    ]);
  });
  it('counts the addresses that one host answers so, when they are many', () => {
    expect(factsOf(12)).toContain('many-strays');
    expect(factsOf(9)).not.toContain('many-strays');
  });
  it('fires for a SYN+ACK that nobody asked for and its RST', () => {
    const unasked = resetFacts({
      sender: 'client',
      startSeen: false,
      handshakeDone: false,
      half: { client: half(), server: half({ packets: 1, synAckNs: 0, isn: 5000 }) },
    });
    const judged = fires(stray, stray.judge(resetCase(unasked, 'passive-answer')));
    expect(judged.evidence[0]!.fact).toBe('unasked-syn-ack');
    const asked = { ...unasked, startSeen: true };
    expect(stray.judge(resetCase(asked, 'passive-answer')).outcome).toBe('no');
  });
  it('has the socket looked for where the RST arrived, and calls backscatter only what no live socket sent', () => {
    expect(check('passive-answer')).toMatchObject({
      text: expect.stringContaining('On 10.0.0.9: is there, or was there, a connection on 10.0.0.9:51234'),
      command: "ss -tanp 'sport = :51234'",
      why: expect.stringContaining('If 10.0.0.9 never talked to 10.0.0.5, somebody else used its address: backscatter'),
    });
    expect(check('active-abort').why).toBe(
      '10.0.0.5 held a live socket when it sent this: the other end of it is here, or was.',
    );
  });
});

function check(mechanism: 'active-abort' | 'passive-answer') {
  return stray.confirm(resetCase(resetFacts(lone), mechanism))[0]!;
}
