import { describe, expect, it } from 'vitest';
import { newCaptureInfo } from '../capture/info.ts';
import type { WritablePacket } from '../capture/write.ts';
import { conversation } from '../flow/testing/conversation.ts';
import { population, resetFacts } from '../causes/testing/facts.ts';
import type { CauseId } from '../terms/causes.ts';
import { createReading } from './reading.ts';
import { tellStories } from './stories.ts';
import { sampleReset } from './testing/sample.ts';
import type { Report } from './types.ts';

const OPEN = '0 > S\n0.1 < SA\n0.2 > A\n1 > PA len=9\n2 < PA len=9\n2.1 > A\n';

function read(lists: readonly (readonly WritablePacket[])[]): Report {
  const reading = createReading();
  for (const open of [() => reading.surveySink, () => reading.traceSink()]) {
    const sink = open();
    for (const [index, { bytes, seconds, nanos }] of lists.flat().entries()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      sink.packet(view, 0, bytes.length, bytes.length, 1, seconds, nanos, 0, index + 1);
    }
  }
  return reading.report('-', newCaptureInfo(), 'two-pass', '0');
}

describe('stories', () => {
  it('make one of 10,000 resets of one kind, every RST packet counted', () => {
    const report = read(
      Array.from({ length: 10_000 }, (_, i) =>
        conversation(`${OPEN}3 < RA`, { clientPort: 2000 + i, startMs: i * 10 }),
      ),
    );
    expect(report.summary).toMatchObject({ resets: 10_000, rstPackets: 10_000 });
    expect(report.stories).toHaveLength(1);
    expect(report.stories[0]!.resets).toHaveLength(10_000);
    expect(report.stories[0]!.contrast).toEqual(['Every connection to 10.0.0.5:443 in this capture was reset.']);
  }, 60_000);
  it('put those that hurt before a greater number of harmless ones', () => {
    const harmless = [0, 1, 2].map((i) =>
      conversation(`${OPEN}4 > FA\n5 < FA\n6 > RA`, { clientPort: 2000 + i, startMs: i * 100 }),
    );
    const hurting = conversation(`${OPEN}4 > PA len=9\n5 < A\n6 < RA`, { clientPort: 3000, startMs: 500 });
    const report = read([...harmless, hurting]);
    expect(report.stories.map(({ resets }) => resets.length)).toEqual([1, 3]);
    expect(report.stories[1]!.cause).toBe('benign-close');
  });
  it('count every client once, whatever the order of the idle times', () => {
    const lists = [3400, 3300, 3200, 3100].map((endMs, i) =>
      conversation(`${OPEN}${endMs} > RA`, { client: `10.0.1.${i + 1}`, clientPort: 2000 + i, startMs: i * 5000 }),
    );
    expect(read(lists).stories.map(({ title }) => title)).toEqual([
      expect.stringMatching(/^4 times: the client 10\.0\.1\.\d and 3 more /),
    ]);
  });
  it('say that only idle connections were reset', () => {
    const idle = conversation(`${OPEN}60003 < RA`, { clientPort: 2000 });
    const busy = conversation(`${OPEN}100 > FA\n101 < FA`, { clientPort: 2001, startMs: 70_000 });
    expect(read([idle, busy]).stories[0]!.contrast.join(' ')).toContain('idle for at least');
  });
});

describe('a story', () => {
  it.each([
    ['idle-timeout', 'endpoint', 'possible', 'The server did it.'],
    ['idle-timeout', 'unknown', 'possible', 'Possibly the server did it.'],
    ['benign-close', 'endpoint', 'likely', 'The server did it.'],
    ['benign-close', 'endpoint', 'possible', 'Possibly the server did it.'],
    ['stray', 'unknown', 'possible', 'The server did it.'],
  ] as const)('of %s by an actor %s, %s, asserts no more than the verdict', (id, actor, level, title) => {
    expect(titleOf(id, actor, level)).toBe(title);
  });
});

function titleOf(id: CauseId, actor: 'endpoint' | 'unknown', level: 'possible' | 'likely'): string {
  const { sender, cause, ...rest } = sampleReset();
  const reset = { ...rest, sender: { ...sender, actor }, cause: { ...cause, id, level } };
  const facts = resetFacts();
  return tellStories([{ told: 'the server did it', facts, reset }], [], population([facts]))[0]!.title;
}
