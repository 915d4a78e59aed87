/** Effects where the capture is not at the receiver, and the words for them. The capture point is 10 ms from the client. */
import { describe, expect, it } from 'vitest';
import { effectEvidence } from './effect-evidence.ts';
import { ruleAll, type Effect } from './effect.ts';
import { judge } from './testing/read.ts';

const OPEN = '0 > S\n0.1 < SA\n10 > A\n20 > PA len=50\n20.1 < A\n21 < PA len=100\n31 > A\n';
const IN_FLIGHT = `${OPEN}50 < PA len=500\n`;

interface Told {
  readonly effects: readonly Effect[];
  /** Text of the effect, and of what followed. */
  readonly effect: string;
  readonly afterwards: string;
}

/** The effects, in a capture that ends at `endMs`. */
function tell(lines: string, endMs: number): Told {
  const { facts } = judge(lines);
  const endNs = endMs * 1e6;
  const rulings = ruleAll(facts.rsts, {
    rttMs: (side) => facts.rttMs[side === facts.clientSide ? 'client' : 'server'],
    endNs,
  });
  const [effect, afterwards] = effectEvidence(facts, rulings, endNs);
  const effects = facts.rsts.map((rst) => rulings.get(rst)!.effect);
  return { effects, effect: effect!.text, afterwards: afterwards!.text };
}

describe('bytes on the way before the RST', () => {
  it('leave it open when the capture ends before an answer', () => {
    const { effects, effect } = tell(`${IN_FLIGHT}51 < RA`, 60);
    expect(effects).toEqual(['unknown']);
    expect(effect).toMatch(/once the 500 bytes on the way have arrived, and the capture ends before/);
  });
  it('have arrived when no challenge ACK asks for them', () => {
    expect(tell(`${IN_FLIGHT}51 < RA`, 400).effects).toEqual(['accepted']);
  });
  it('have arrived when the receiver acknowledges them', () => {
    expect(tell(`${IN_FLIGHT}51 < RA\n60 > A`, 62).effects).toEqual(['accepted']);
  });
  it('were lost when a challenge ACK asks for them, and the answer to that ends it', () => {
    const { effects } = tell(`${IN_FLIGHT}51 < RA\n61.2 > A ack=101\n61.3 < R seq=101 rawseq=5101`, 400);
    expect(effects).toEqual(['challenged', 'accepted']);
  });
  it('make an old number of one that was acknowledged before them', () => {
    expect(tell(`${IN_FLIGHT}51 < R seq=101\n60 > A ack=601`, 400).effects).toEqual(['ignored']);
  });
});

describe('a SYN+ACK that nobody asked for', () => {
  const STRAY = '0 < SA\n0.3 > R\n';
  it('was given up when the next one begins another handshake', () => {
    const { effects, afterwards } = tell(`${STRAY}17000000 < SA rawseq=777777\n17000000.3 > R`, 2e7);
    expect(effects).toEqual(['accepted', 'accepted']);
    expect(afterwards).toBe(
      'afterwards both sides were silent; from frame 3 on the same ports carry another connection',
    );
  });
  it('was not when it comes again', () => {
    expect(tell(`${STRAY}3000 < SA\n3000.3 > R`, 9000).effects).toEqual(['ignored', 'accepted']);
  });
});

describe('a RST behind both FINs', () => {
  it('finds nothing to end', () => {
    const { effects, effect } = tell(`${OPEN}50 > FA\n50.1 < FA\n60 > A\n60.1 > RA`, 400);
    expect(effects).toEqual(['ignored']);
    expect(effect).toBe('it found nothing to end: both sides had closed and acknowledged each other’s FIN before');
  });
  it('ends what the other side had not acknowledged yet', () => {
    expect(tell(`${OPEN}50 > FA\n50.1 < FA ack=51\n60 < RA`, 400).effect).not.toContain('nothing to end');
  });
});

describe('a pure ACK behind the RST', () => {
  it('is a challenge where nothing else calls for one', () => {
    const { effects, effect, afterwards } = tell(`${OPEN}51 < RA seq=600\n61.2 > A`, 400);
    expect(effects).toEqual(['challenged']);
    expect(effect).toMatch(/challenge ACK 10 ms later .*499 bytes above the one expected next, inside the window/);
    expect(afterwards).toBe('afterwards the server was silent; the client sent an ACK 10 ms later');
  });
  it('is none when it was on its way already', () => {
    expect(tell(`${OPEN}51 < RA seq=600\n52 > A`, 400).effects).toEqual(['unknown']);
  });
  it('is none when it answers a keep-alive probe behind the RST', () => {
    expect(tell(`${OPEN}51 < RA seq=600\n52 < A seq=100\n62.2 > A`, 90).effects).toEqual(['unknown']);
    expect(tell(`${OPEN}51 < RA seq=600\n5000 < A seq=100\n5010 > A`, 9000).effects).toEqual(['ignored']);
  });
  it('answers the first of several only: the kernel sends one in half a second', () => {
    const lines = `${OPEN}51 < RA seq=600\n52 < RA seq=700\n61.2 > A`;
    expect(tell(lines, 90).effects).toEqual(['challenged', 'ignored']);
  });
});

describe('a receiver that lives on', () => {
  it('did not obey the very number it expects', () => {
    const { effects, effect } = tell(`${OPEN}51 < RA\n400 > PA len=5\n401 < A\n900 > PA len=5`, 2000);
    expect(effects).toEqual(['ignored']);
    expect(effect).toMatch(/lives on although it carries the very number expected next: it did not obey the RST/);
  });
  it('is not taken for one by what was on its way', () => {
    expect(tell(`${OPEN}51 < RA\n58 > PA len=5`, 2000).effects).toEqual(['accepted']);
  });
});

describe('a RST to a SYN', () => {
  it('is obeyed when it acknowledges the SYN', () => {
    expect(tell('0 > S\n0.1 < RA seq=0 rawseq=0', 400)).toMatchObject({
      effects: ['accepted'],
      effect: expect.stringMatching(/accepted it: it acknowledges the SYN$/) as string,
    });
  });
  it('is dropped when it does not', () => {
    expect(tell('0 > S\n0.1 < RA seq=0 rawseq=0 ack=77', 400)).toMatchObject({
      effects: ['ignored'],
      effect: expect.stringMatching(/ignored it: it does not acknowledge the SYN/) as string,
    });
  });
  it('leaves open whether a Windows takes it for the end when it tries again', () => {
    const { effects, effect } = tell('0 > S\n0.1 < RA seq=0 rawseq=0\n500 > S', 4000);
    expect(effects).toEqual(['unknown']);
    expect(effect).toMatch(/sent its SYN again, as Windows does/);
  });
});

describe('behind an accepted RST', () => {
  it('another one finds nothing to end, from either side', () => {
    expect(tell(`${OPEN}51 < RA\n51.1 < RA\n60 > R win=0`, 400).effects).toEqual(['accepted', 'ignored', 'ignored']);
  });
  it('the side it was forged for is still there, and obeys the answer', () => {
    const { effects } = tell(`${OPEN}51 < RA\n300 < PA len=10\n310 > R win=0 seq=51 rawseq=1051`, 700);
    expect(effects).toEqual(['accepted', 'accepted']);
  });
  it('silence is told with its length', () => {
    expect(tell(`${OPEN}51 < RA`, 2051).afterwards).toBe(
      'afterwards both sides were silent, for the 2.0 s that the capture goes on',
    );
  });
});
