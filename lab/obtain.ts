/** Captures of a scenario: made live where this machine can, else those that are shipped. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Failure, toFailureLine } from '../src/cli/failure.ts';
import { Interrupted } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { directoryPrefix } from './leftovers.ts';
import { missingNeeds } from './needs.ts';
import { packageRoot } from './package-root.ts';
import type { CaptureTruth } from './record-all.ts';
import { record } from './record.ts';
import { scenarioName } from './scenario.ts';
import type { Need, Point, Scenario } from './scenario.ts';

export interface Obtained {
  /** One sentence for the first line: live or shipped, and why. */
  readonly how: string;
  readonly captures: readonly { readonly point: Point; readonly path: string }[];
}

/** Makes the captures in a directory that the stack removes, or finds the shipped ones. */
export async function obtain(scenario: Scenario, cleanup: CleanupStack): Promise<Obtained> {
  const missing = await missingNeeds(scenario.needs);
  if (missing.length > 0) return shipped(scenario, toReason(missing));
  const directory = await mkdtemp(directoryPrefix());
  cleanup.defer(`remove ${directory}`, () => rm(directory, { recursive: true, force: true }));
  try {
    const captures = await record(scenario, directory, cleanup);
    return { how: `Made live on this machine, just now: ${scenario.id}.`, captures };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return shipped(scenario, `making it failed: ${toFailureLine(error)}`);
  }
}

function toReason(missing: readonly Need[]): string {
  if (!missing.includes('root')) return `this machine lacks ${missing.join(', ')}; ${installer()} installs it`;
  return `making it needs root, and what ${installer()} installs`;
}

/** The one command that installs what the lab runs, as it is typed here. */
function installer(): string {
  return `sh ${relative(process.cwd(), join(packageRoot(), 'lab', 'packages.sh'))}`;
}

async function shipped(scenario: Scenario, reason: string): Promise<Obtained> {
  const folder = join(packageRoot(), 'test', 'captures', scenario.cause);
  const text = await readFile(join(folder, 'truth.json'), 'utf8').catch(() => '{}');
  const truths = Object.entries(JSON.parse(text) as Record<string, CaptureTruth>);
  const own = truths.filter(([, { scenario: id }]) => id === scenario.id);
  if (own.length === 0) throw new Failure(`no recording of ${scenario.id} is shipped, and ${reason}`);
  const points = scenario.points ?? [scenario.where === 'loopback' ? 'loopback' : 'client'];
  const captures = own.map(([file]) => ({ point: toPoint(file, points), path: join(folder, file) }));
  captures.sort((a, b) => points.indexOf(a.point) - points.indexOf(b.point));
  return { how: `From the recording shipped with firsthand (${own[0]![1].kernel}), because ${reason}.`, captures };
}

function toPoint(file: string, points: readonly Point[]): Point {
  return points.find((point) => file.endsWith(`@${point}.pcap`)) ?? points[0]!;
}

/** The name under which a capture is kept. */
export function keptName(scenario: Scenario, path: string): string {
  const name = scenarioName(scenario);
  return `${scenario.cause}-${name}${basename(path).split(name)[1] ?? '.pcap'}`;
}
