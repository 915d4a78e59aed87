/**
 * Records a fresh labelled set: `npm run lab -- --all --seed N --out DIR [--only CAUSE[/NAME]] [--jobs N]`. Each scenario
 * runs once, with what must not matter drawn from the seed; `--held-out` runs the families that no judgement was made with.
 * Without `--out`, test/captures is recorded anew, plain.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { allScenarios, heldOutScenarios } from './all-scenarios.ts';
import { withCleanup } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { Maker } from './maker.ts';
import type { Delivery, Order } from './maker.ts';
import { describeCapture, recordAll } from './record-all.ts';
import type { CaptureTruth } from './record-all.ts';
import type { Scenario } from './scenario.ts';

/** What set.json says of a whole set. */
export interface SetNote {
  /** Null: nothing was varied. */
  readonly seed: number | null;
  /** These are the families that no judgement was made with. */
  readonly heldOut?: true;
  readonly scenarios: number;
  readonly captures: number;
  /** Scenarios that twice did not do what they promise, and why. */
  readonly failed: readonly Failure[];
  /** Scenarios that did what they promise at the second try, and what the first one did. */
  readonly retried: readonly Failure[];
}

interface Failure {
  readonly scenario: string;
  readonly reason: string;
}

/** Records the scenarios into `out`, `jobs` at a time; what failed is in the answer and in `out`/set.json. */
export async function recordSet(
  scenarios: readonly Scenario[],
  seed: number | null,
  out: string,
  jobs: number,
  cleanup: CleanupStack,
  heldOut: boolean = false,
): Promise<SetNote> {
  await mkdir(out, { recursive: true });
  const byId = new Map<string, Scenario>(scenarios.map((scenario) => [scenario.id, scenario]));
  const deliveries: Delivery[] = [];
  const retried: Failure[] = [];
  const waiting = [...scenarios];
  const serve = async (): Promise<void> => {
    const maker = new Maker(cleanup);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const order: Order = { scenario: next.id, seed, directory: join(out, next.cause) };
      let delivery = await maker.make(order);
      if ('failed' in delivery) {
        const { scenario, failed: reason } = delivery;
        delivery = await maker.make(order);
        if ('captures' in delivery) retried.push({ scenario, reason });
      }
      deliveries.push(delivery);
      process.stdout.write(`${lineFor(delivery)}\n`);
    }
    await maker.stop();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, scenarios.length) }, serve));
  await writeTruths(byId, deliveries);
  const note: SetNote = {
    seed,
    ...(heldOut && { heldOut: true as const }),
    scenarios: deliveries.length,
    captures: deliveries.reduce((sum, one) => sum + ('captures' in one ? one.captures.length : 0), 0),
    failed: deliveries.flatMap((one) => ('failed' in one ? [{ scenario: one.scenario, reason: one.failed }] : [])),
    retried,
  };
  await writeFile(join(out, 'set.json'), `${JSON.stringify(note, null, 2)}\n`);
  return note;
}

async function writeTruths(scenarios: ReadonlyMap<string, Scenario>, deliveries: readonly Delivery[]): Promise<void> {
  const truths = new Map<string, Record<string, CaptureTruth>>();
  for (const delivery of deliveries) {
    if (!('captures' in delivery)) continue;
    for (const { point, path } of delivery.captures) {
      const entries = truths.get(dirname(path)) ?? (await knownTruths(dirname(path)));
      truths.set(dirname(path), entries);
      entries[basename(path)] = {
        ...describeCapture(scenarios.get(delivery.scenario)!, point),
        software: delivery.software,
        kernel: `Linux ${release()}`,
        variation: delivery.variation,
      };
    }
  }
  for (const [folder, entries] of truths) {
    const sorted = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
    await writeFile(join(folder, 'truth.json'), `${JSON.stringify(sorted, null, 2)}\n`);
  }
}

/** With `--only` a set is recorded in parts. */
async function knownTruths(folder: string): Promise<Record<string, CaptureTruth>> {
  const text = await readFile(join(folder, 'truth.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Record<string, CaptureTruth>;
}

function lineFor(delivery: Delivery): string {
  if ('failed' in delivery) return `FAILED ${delivery.scenario}: ${delivery.failed}`;
  const { family, timestamps, snapBytes, delaysMs } = delivery.variation;
  const how = `IPv${family}, ${delaysMs.client}+${delaysMs.server} ms, ${timestamps ? '' : 'no '}timestamps, snap ${snapBytes}`;
  return `${delivery.scenario} (${how})`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean' },
      'held-out': { type: 'boolean' },
      only: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
      jobs: { type: 'string' },
    },
  });
  const { only, out, all, seed = '1', jobs = '4' } = values;
  if (out === undefined) {
    if (all === true || values.seed !== undefined) throw new Error('--all and --seed want a folder: --out DIR');
    return (await recordAll(only)) > 0 ? 1 : 0;
  }
  const heldOut = values['held-out'] === true;
  const offered = heldOut ? await heldOutScenarios() : await allScenarios();
  const chosen = offered.filter(({ id, cause }) => only === undefined || id === only || cause === only);
  if (chosen.length === 0) throw new Error(`no scenario is called ${only}`);
  const { scenarios, captures, failed, retried } = await withCleanup((cleanup) =>
    recordSet(chosen, Number(seed), resolve(out), Number(jobs), cleanup, heldOut),
  );
  process.stdout.write(
    `seed ${seed}: ${captures} captures of ${scenarios} scenarios, ${retried.length} at the second try, ${failed.length} failed\n`,
  );
  for (const { scenario, reason } of retried) process.stdout.write(`  second try ${scenario}: ${reason}\n`);
  for (const { scenario, reason } of failed) process.stdout.write(`  failed ${scenario}: ${reason}\n`);
  return failed.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main();
