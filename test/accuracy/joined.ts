/** Judges captures of one scenario that were taken at several places, read together: what they prove of each RST's sender. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCaptures } from '../../src/collect/read-captures.ts';
import { actorBehind } from './cases.ts';
import type { Entry, Who } from './cases.ts';

export interface JoinedCase {
  readonly set: string;
  readonly scenario: string;
  /** Where it was captured, such as `client + server`. */
  readonly points: string;
  readonly said: Who;
  /** Whether the report calls the sender proven. */
  readonly proof: boolean;
  /** Whether somebody of this side and kind sent a RST in this scenario. */
  readonly right: boolean;
}

/** A case for each reset of every scenario of the set that was captured more than once. */
export async function judgeJoined(directory: string): Promise<JoinedCase[]> {
  const cases: JoinedCase[] = [];
  for (const [scenario, taken] of byScenario(directory)) {
    if (taken.length < 2) continue;
    const senders = new Set(taken.flatMap(({ entry }) => sendersOf(entry)));
    const points = taken
      .map(({ entry }) => /\w+$/.exec(entry.where)?.[0] ?? entry.where)
      .sort()
      .join(' + ');
    for (const outcome of await readCaptures(taken.map(({ path }) => path))) {
      if (!('report' in outcome)) continue;
      for (const { sender } of outcome.report.resets) {
        const said: Who = `${sender.side} ${sender.actor}`;
        cases.push({
          set: directory,
          scenario,
          points,
          said,
          proof: sender.level === 'proof',
          right: senders.has(said),
        });
      }
    }
  }
  return cases;
}

function byScenario(
  directory: string,
): ReadonlyMap<string, readonly { readonly path: string; readonly entry: Entry }[]> {
  const found = new Map<string, { path: string; entry: Entry }[]>();
  for (const folder of readdirSync(directory).sort()) {
    const truths = join(directory, folder, 'truth.json');
    if (!existsSync(truths)) continue;
    for (const [file, entry] of Object.entries(JSON.parse(readFileSync(truths, 'utf8')) as Record<string, Entry>)) {
      const known = found.get(entry.scenario) ?? [];
      found.set(entry.scenario, [...known, { path: join(directory, folder, file), entry }]);
    }
  }
  return found;
}

function sendersOf({ truth }: Entry): Who[] {
  return [truth, ...(truth.earlier ?? [])].flatMap(({ sender, mechanism, actor }: Entry['truth']) =>
    sender === null ? [] : [`${sender} ${actorBehind(mechanism, actor)}` as const],
  );
}
