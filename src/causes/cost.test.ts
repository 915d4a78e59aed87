import { expect, it } from 'vitest';
import { MP_CAPABLE, MP_DSS, MP_FASTCLOSE } from '../wire/mptcp.ts';
import { ACK, RST } from '../wire/tcp.ts';
import { costOf } from './cost.ts';
import { BARREN, resetCase, resetFacts } from './testing/facts.ts';

it('calls no retry safe when all subflows of a Multipath TCP connection end with one that carried nothing', () => {
  const spoken = { mptcpSubtypes: (1 << MP_CAPABLE) | (1 << MP_DSS) };
  const alone = resetFacts(BARREN);
  const facts = resetFacts({
    ...BARREN,
    half: { client: { ...alone.half.client, ...spoken }, server: { ...alone.half.server, ...spoken } },
    rst: { mptcpSubtypes: 1 << MP_FASTCLOSE },
  });
  const { mechanism } = resetCase(facts, 'active-abort');
  expect(costOf(alone, mechanism, 'linger-zero')).toEqual({ impact: 'connect-failed', retry: 'safe' });
  expect(costOf(facts, mechanism, 'linger-zero')).toEqual({ impact: 'unknown', retry: 'unknown' });
});

it('does not call all well when the client resets data of the server that it never acknowledged', () => {
  const answered = { request: null, response: { status: 200 }, responseComplete: true, lastSpeaker: 'server' as const };
  const alone = resetFacts({
    sender: 'client',
    app: answered,
    unackedFromReceiver: 23,
    half: { server: { nextSeq: 5324 } },
  });
  const { mechanism } = resetCase(alone, 'passive-answer');
  const cost = (flags: number, ack: number) =>
    costOf({ ...alone, rst: { ...alone.rst, packet: { ...alone.rst.packet, flags, ack } } }, mechanism, 'no-socket');
  expect(cost(RST, 0)).toEqual({ impact: 'unknown', retry: 'unknown' });
  expect(cost(RST | ACK, 5301)).toEqual({ impact: 'unknown', retry: 'unknown' });
  expect(cost(RST | ACK, 5324)).toEqual({ impact: 'none', retry: 'not-needed' });
});
