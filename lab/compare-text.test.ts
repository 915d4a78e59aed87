/** The sentence under the table: how each verdict stands to the truth. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../src/collect/read-capture.ts';
import { PLAIN } from '../src/report/ink.ts';
import { renderComparison } from './compare-text.ts';
import type { View } from './compare-text.ts';
import type { Truth } from './scenario.ts';

const CAPTURES = resolve(import.meta.dirname, '../test/captures');
const REFUSED: Truth = { sender: 'server', mechanism: 'syn-answer', cause: 'refused', equivalent: [], why: '' };
const INJECTED: Truth = { sender: 'server', mechanism: 'forged', cause: 'injected', equivalent: [], why: '' };
const NOTHING: Truth = { sender: null, mechanism: null, cause: null, equivalent: [], why: '' };

async function view(place: string, file: string, truth: Truth): Promise<View> {
  return { place, truth, report: await readCapture(resolve(CAPTURES, file)) };
}

function below(views: readonly View[]): string {
  const text = renderComparison(views[0]!.truth, views, 80, PLAIN);
  return text
    .slice(text.search(/^ {2}The (?:verdict|truth) [^ ]/m))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

describe('truth beside verdict', () => {
  it.each([
    ['a cause that is named alone', 'refused/fires-closed-port-v4.pcap', REFUSED, 'The verdict is right.'],
    [
      'a cause among others of the same bytes',
      'injected/fires-both-ends.pcap',
      INJECTED,
      'The truth is among the causes named, which leave the same bytes.',
    ],
    [
      'another cause',
      'refused/fires-closed-port-v4.pcap',
      { ...REFUSED, cause: 'firewall-reject' } as const,
      'The verdict is not the truth.',
    ],
    [
      'the other sender',
      'refused/fires-closed-port-v4.pcap',
      { ...REFUSED, sender: 'client' } as const,
      'The verdict is not the truth.',
    ],
    ['a reset where there was none', 'refused/fires-closed-port-v4.pcap', NOTHING, 'The verdict is not the truth.'],
  ])('says it of %s', async (_, file, truth, sentence) => {
    expect(below([await view('at the client', file, truth)])).toBe(sentence);
  });

  it('has its heading above its column, however short the column is', async () => {
    const nothing = await view('at the client', 'benign-close/quiet-four-way-close.pcap', NOTHING);
    const [head, ...rows] = renderComparison(NOTHING, [nothing], 80, PLAIN).split('\n');
    for (const row of rows.slice(0, 2)) expect(row.indexOf('nothing went wrong')).toBe(head!.indexOf('why'));
  });

  it('names the places where it is so, within the width', async () => {
    const views = [
      await view('at the client', 'injected/fires-both-ends.pcap', INJECTED),
      await view('elsewhere', 'refused/fires-closed-port-v4.pcap', REFUSED),
    ];
    expect(below(views)).toBe(
      'The verdict is right: elsewhere. The truth is among the causes named, which leave the same bytes: at the client.',
    );
    const lines = renderComparison(INJECTED, views, 80, PLAIN).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}truth {2,}a middlebox, as the server {2,}injected$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}truth elsewhere {2,}the server {2,}refused$/));
  });
});
