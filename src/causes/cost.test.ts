import { expect, it } from 'vitest';
import { MP_CAPABLE, MP_DSS, MP_FASTCLOSE } from '../wire/mptcp.ts';
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
