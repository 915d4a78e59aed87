/** No honest RST of the recorded captures is held for forged or for an answer of somebody in between. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETECTORS } from '../src/causes/forgery/detectors.ts';
import { readCapture } from '../src/collect/read-capture.ts';
import type { Reset } from '../src/report/types.ts';
import type { CaptureTruth } from './score.ts';

const CAPTURES = resolve(import.meta.dirname, 'captures');
/** Facts that set a RST apart from what its claimed sender can have sent. */
const DAMNING: ReadonlySet<string> = new Set([
  ...DETECTORS.map(({ fact }) => fact),
  'direction-contradicts',
  'partial-checksum',
  'ttl-varies',
  'answers-too-early',
  'not-its-kernel',
]);
/** In these the host that holds the connection did not send the RST. */
const STRANGE: ReadonlySet<string> = new Set(['forged', 'in-path-answer']);

const folders = readdirSync(CAPTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe.each(folders.map(({ name }) => name))('%s', (folder) => {
  const truths = JSON.parse(readFileSync(join(CAPTURES, folder, 'truth.json'), 'utf8')) as Record<string, CaptureTruth>;
  const honest = Object.entries(truths).filter(
    ([, { truth }]) => !STRANGE.has(truth.mechanism ?? '') && truth.cause !== 'state-mismatch',
  );
  it.skipIf(honest.length === 0).each(honest)('%s', async (file) => {
    const { resets } = await readCapture(join(CAPTURES, folder, file));
    expect(resets.flatMap(accusations)).toEqual([]);
  });
});

function accusations({ id, sender, mechanism, evidence, rsts }: Reset): string[] {
  const accused = [sender, ...rsts].filter(({ actor }) => actor === 'middlebox').map(() => `${id} accuses a middlebox`);
  const facts = evidence.filter(({ fact }) => DAMNING.has(fact)).map(({ fact }) => `${id} ${fact}`);
  return [...accused, ...facts, ...(STRANGE.has(mechanism) ? [`${id} ${mechanism}`] : [])];
}
