import { describe, expect, it } from 'vitest';
import type { SilenceFacts } from '../../evidence/facts.ts';
import { conversation } from '../../flow/testing/conversation.ts';
import { judge, readPackets, type Verdict } from '../testing/read.ts';
import { LOOK_ALIKES, lookAlikeOf, signatureOf, tamperingEvidence } from './tampering.ts';
import { TAMPERING_SIGNATURES } from './tampering-signatures.ts';

const SYN = '0 > S\n';
const ACKED = `${SYN}10 < SA\n10.1 > A\n`;
const DATA = `${ACKED}20 > PA len=100\n30 < A\n`;
const LATER = `${DATA}40 > PA len=100\n50 < A\n`;

function bare(verdict: Verdict): string | null {
  return signatureOf(verdict.facts)?.id ?? null;
}

/** RSTs in the client's name, as the paper's server saw them. */
const OF_RSTS: readonly (readonly [string, string])[] = [
  ['SYN → RST', `${SYN}1 > R seq=1`],
  ['SYN → RST+ACK', `${SYN}1 > RA ack=1`],
  ['SYN → RST; RST+ACK', `${SYN}1 > R seq=1\n1.1 > RA ack=1`],
  ['SYN; ACK → RST', `${ACKED}20 > R seq=1`],
  ['SYN; ACK → RST; RST', `${ACKED}20 > R seq=1\n20.1 > R seq=2`],
  ['SYN; ACK → RST+ACK', `${ACKED}20 > RA`],
  ['SYN; ACK → RST+ACK; RST+ACK', `${ACKED}20 > RA\n21 > RA win=9`],
  ['PSH+ACK → RST', `${DATA}31 > R seq=101`],
  ['PSH+ACK → RST+ACK', `${DATA}31 > RA`],
  ['PSH+ACK → RST; RST+ACK', `${DATA}31 > R seq=101\n31.1 > RA`],
  ['PSH+ACK → RST+ACK; RST+ACK', `${DATA}31 > RA\n31.1 > RA win=9`],
  ['PSH+ACK → RST = RST', `${DATA}31 > R seq=101 ack=7\n31.1 > R seq=102 ack=7`],
  ['PSH+ACK → RST ≠ RST', `${DATA}31 > R seq=101 ack=7\n31.1 > R seq=101 ack=8`],
  ['PSH+ACK → RST; RST₀', `${DATA}31 > R seq=101 ack=7\n31.1 > R seq=101`],
  ['PSH+ACK; Data → RST', `${LATER}60 > R seq=201`],
  ['PSH+ACK; Data → RST+ACK', `${LATER}60 > RA`],
];
const OF_SILENCE: readonly (readonly [string, string])[] = [
  ['SYN → ∅', SYN],
  ['SYN; ACK → ∅', ACKED],
  ['PSH+ACK → ∅', DATA],
];

describe('the 19 signatures', () => {
  it('are all tried here', () => {
    const tried = [...OF_RSTS, ...OF_SILENCE].map(([id]) => id);
    expect(tried.toSorted()).toEqual(TAMPERING_SIGNATURES.map(({ id }) => id).toSorted());
    expect(TAMPERING_SIGNATURES.length).toBe(19);
  });
  it.each(OF_RSTS)('%s', (id, lines) => {
    expect(bare(judge(lines))).toBe(id);
  });
  it.each(OF_SILENCE)('%s', (id, lines) => {
    const [facts] = readPackets(conversation(lines)).silent as [SilenceFacts];
    expect(signatureOf(facts)?.id).toBe(id);
  });
});

describe('no signature', () => {
  it.each([
    ['a connection that began before the capture', '0 > PA len=4\n1 < A\n2 > RA'],
    ['a refusal by the server', `${SYN}1 < RA rawseq=0 win=0 ts=off id=0`],
    [
      'three RSTs of which two are one packet, captured twice',
      `${ACKED}20 > RA id=7\n20.01 > RA id=7 ttl=63\n21 > R seq=1`,
    ],
  ])('%s', (_name, lines) => {
    expect(bare(judge(lines)) ?? '').not.toMatch(/RST\+ACK; RST\+ACK|RST; RST$|^SYN → /);
  });
});

describe('innocent look-alikes', () => {
  const population = readPackets().population;
  const lookAlike = (lines: string): string | undefined => lookAlikeOf(judge(lines).facts, population)?.id;
  it.each([
    ['half-open-scan', '0 > S id=54321\n10 < SA\n10.1 > R'],
    ['happy-eyeballs', `${ACKED}10.2 > RA`],
    ['happy-eyeballs', '0 > S\n10 < SA\n10.1 > R'],
    ['backscatter', '0 < SA\n1 > R'],
    ['ordinary-close', `${DATA}31 < FA\n31.1 > A\n32 > RA`],
    ['refusal', `${SYN}1 < RA rawseq=0 win=0 ts=off id=0`],
  ])('%s', (id, lines) => {
    expect(lookAlike(lines)).toBe(id);
  });
  it('a scan that only its many targets show', () => {
    const targets = Array.from({ length: 20 }, (_, i) =>
      conversation('0 > S\n10 < SA\n10.1 > R', { serverPort: 1000 + i, clientPort: 40_000 + i }),
    );
    const { resets, population: many } = readPackets(...targets);
    expect(resets.map((facts) => lookAlikeOf(facts, many)?.id)).toEqual(resets.map(() => 'half-open-scan'));
  });
  it('a flood: SYNs in somebody else’s name, whose host resets the SYN+ACK', () => {
    const { facts } = judge('0 > S\n10 < SA\n30 > R\n');
    expect(LOOK_ALIKES.find(({ id }) => id === 'syn-flood')!.fits(facts, population)).toBe(true);
  });
  it('leave a reset that none of them explains', () => {
    const { facts } = judge(`${DATA}31 < RA ttl=50`);
    expect(lookAlikeOf(facts, population)).toBeNull();
    expect(tamperingEvidence(facts, population)?.text).toContain('⟨PSH+ACK → RST+ACK⟩');
    expect(tamperingEvidence(facts, population)?.text).toContain('alone it accuses nobody');
  });
});
