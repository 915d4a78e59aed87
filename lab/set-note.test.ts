/** set.json of a set that is recorded in parts tells of the whole. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notePart, requireKind } from './set-note.ts';

const KIND = { seed: 7, heldOut: false };
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'firsthand-note-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('set.json', () => {
  it('counts what is in the folder, and keeps the troubles of earlier parts', async () => {
    recorded('refused', { 'fires-a.pcap': 'refused/a' });
    const lost = { scenario: 'refused/lost', reason: 'nobody there' };
    await notePart(folder, KIND, { ran: ['refused/a', 'refused/lost'], failed: [lost], retried: [] });
    recorded('killed', { 'fires-b.pcap': 'killed/b', 'fires-b@server.pcap': 'killed/b' });
    const slow = { scenario: 'killed/b', reason: 'too slow' };
    const note = await notePart(folder, KIND, { ran: ['killed/b'], failed: [], retried: [slow] });
    expect(note).toEqual({ seed: 7, scenarios: 3, captures: 3, failed: [lost], retried: [slow] });
    expect(JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8'))).toEqual(note);
  });

  it('says of a scenario that ran again what became of it last', async () => {
    const lost = { scenario: 'refused/a', reason: 'nobody there' };
    await notePart(folder, KIND, { ran: ['refused/a'], failed: [lost], retried: [] });
    recorded('refused', { 'fires-a.pcap': 'refused/a' });
    const note = await notePart(folder, KIND, { ran: ['refused/a'], failed: [], retried: [] });
    expect(note).toMatchObject({ scenarios: 1, captures: 1, failed: [] });
  });

  it('refuses a part of another kind', async () => {
    await expect(requireKind(folder, KIND)).resolves.toBeUndefined();
    await notePart(folder, KIND, { ran: [], failed: [], retried: [] });
    await expect(requireKind(folder, KIND)).resolves.toBeUndefined();
    await expect(requireKind(folder, { ...KIND, seed: 8 })).rejects.toThrow('holds a set of seed 7');
    await expect(requireKind(folder, { ...KIND, heldOut: true })).rejects.toThrow('holds no families held out');
  });
});

function recorded(cause: string, scenarios: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, cause));
  const truths = Object.entries(scenarios).map(([file, scenario]) => [file, { scenario }]);
  writeFileSync(join(folder, cause, 'truth.json'), JSON.stringify(Object.fromEntries(truths)));
}
