/** Captures of a scenario: made live where this machine can, else those that are shipped. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Failure, toFailureLine } from '../src/cli/failure.ts';
import { Interrupted } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { makeDirectory } from './leftovers.ts';
import { Maker } from './maker.ts';
import { missingNeeds, needWords } from './needs.ts';
import { packageRoot } from './package-root.ts';
import type { CaptureTruth } from './record-all.ts';
import { pointOf, pointsOf } from './scenario.ts';
import type { Need, Point, Scenario } from './scenario.ts';

export interface Obtained {
  /** One sentence: live or shipped, and why. */
  readonly how: string;
  /** Commands for a live one. */
  readonly hints: readonly string[];
  readonly captures: readonly { readonly point: Point; readonly path: string }[];
}

/** Whether a recording of the scenario comes with firsthand. */
export async function isShipped(scenario: Scenario): Promise<boolean> {
  return (await shippedFiles(scenario)).length > 0;
}

/** Makes the captures in a directory that the stack removes, or finds the shipped ones. */
export async function obtain(scenario: Scenario, cleanup: CleanupStack): Promise<Obtained> {
  const missing = await missingNeeds([...new Set<Need>(['root', 'netns', ...scenario.needs])]);
  if (missing.length > 0) return shipped(scenario, toReason(missing), toHints(missing));
  const maker = new Maker(cleanup);
  const delivery = await maker
    .make({ scenario: scenario.id, seed: null, directory: makeDirectory(cleanup) })
    .catch((error: unknown) => {
      if (error instanceof Interrupted) throw error;
      return { failed: toFailureLine(error) };
    });
  if ('failed' in delivery) return shipped(scenario, `it failed here: ${toFailureLine(delivery.failed)}`, []);
  await maker.stop();
  return { how: 'Made live on this machine, just now.', hints: [], captures: delivery.captures };
}

/** Without root nothing else can be tried. */
function toReason(missing: readonly Need[]): string {
  if (missing.includes('root')) return 'that takes root: put sudo before the command';
  return `this machine lacks ${missing.map((need) => needWords(need).what).join(' and ')}`;
}

function toHints(missing: readonly Need[]): string[] {
  if (missing.every((need) => needWords(need).package === null)) return [];
  const sudo = missing.includes('root') ? 'sudo ' : '';
  return [`${sudo}sh ${installer()} lab   # on Debian and Ubuntu: all that the lab runs`];
}

/** The script that installs what the lab runs, by the shortest path from here. */
function installer(): string {
  const path = join(packageRoot(), 'lab', 'packages.sh');
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}

async function shipped(scenario: Scenario, reason: string, hints: Obtained['hints']): Promise<Obtained> {
  const own = await shippedFiles(scenario);
  if (own.length === 0)
    throw new Failure(
      `no recording of ${scenario.id} comes with firsthand, and it is not made live, because ${reason}`,
      hints,
    );
  const { kernel } = own[0]!.truth;
  const how = `Not made live, because ${reason}. This is the recording that comes with firsthand (${kernel}).`;
  return { how, hints, captures: own.map(({ point, path }) => ({ point, path })) };
}

/** In the order of the scenario's points. */
export async function shippedFiles(scenario: Scenario): Promise<{ point: Point; path: string; truth: CaptureTruth }[]> {
  const folder = join(packageRoot(), 'test', 'captures', scenario.cause);
  const text = await readFile(join(folder, 'truth.json'), 'utf8').catch(() => '{}');
  const truths = Object.entries(JSON.parse(text) as Record<string, CaptureTruth>);
  const own = truths.filter(([, truth]) => truth.scenario === scenario.id);
  const points = pointsOf(scenario);
  return own
    .map(([file, truth]) => ({ point: pointOf(scenario, file), path: join(folder, file), truth }))
    .sort((a, b) => points.indexOf(a.point) - points.indexOf(b.point));
}
