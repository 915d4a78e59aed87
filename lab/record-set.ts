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
import { Failure } from '../src/cli/failure.ts';
import { allScenarios, heldOutScenarios } from './all-scenarios.ts';
import { withCleanup } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { Maker } from './maker.ts';
import { chooseScenarios } from './find-scenario.ts';
import type { Delivery, Order } from './maker.ts';
import { describeCapture, recordAll } from './record-all.ts';
import type { CaptureTruth } from './record-all.ts';
import type { Scenario } from './scenario.ts';
import { notePart, requireKind } from './set-note.ts';
import type { SetNote, Trouble } from './set-note.ts';
import { runTool } from './tool.ts';

const USAGE = `npm run lab -- --all --seed N --out DIR     a labelled set: every scenario, varied by the seed
npm run lab -- --only CAUSE[/NAME]           one cause or scenario, plain, into test/captures

  --out DIR            where the set goes; it may be recorded in parts, under one seed
  --all                every scenario (what is recorded without --only)
  --only CAUSE[/NAME]  of one cause, or one of them
  --held-out           the families that no judgement was made with
  --seed N             what varies is drawn from it: a whole number (default 1)
  --jobs N             how many are made at a time (default 4)`;

/** Records the scenarios into `out`, `jobs` at a time; what failed is in the answer and in `out`/set.json. */
export async function recordSet(
  scenarios: readonly Scenario[],
  seed: number | null,
  out: string,
  jobs: number,
  cleanup: CleanupStack,
  heldOut: boolean = false,
): Promise<SetNote> {
  const kind = { seed, heldOut };
  await requireKind(out, kind);
  await mkdir(out, { recursive: true });
  const byId = new Map<string, Scenario>(scenarios.map((scenario) => [scenario.id, scenario]));
  const deliveries: Delivery[] = [];
  const retried: Trouble[] = [];
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
  return notePart(out, kind, {
    ran: deliveries.map(({ scenario }) => scenario),
    failed: deliveries.flatMap((one) => ('failed' in one ? [{ scenario: one.scenario, reason: one.failed }] : [])),
    retried,
  });
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

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      all: { type: 'boolean' },
      'held-out': { type: 'boolean' },
      only: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
      jobs: { type: 'string' },
    },
  });
  const { only, out, seed = '1', jobs = '4', 'held-out': heldOut = false } = values;
  if (out === undefined) {
    const inVain = (['all', 'seed', 'jobs', 'held-out'] as const).find((name) => values[name] !== undefined);
    if (inVain !== undefined) throw new Failure(`--${inVain} wants a folder: --out DIR`);
    return (await recordAll(only)) > 0 ? 1 : 0;
  }
  const [drawnFrom, atOnce] = [wholeNumber('--seed', seed, 0), wholeNumber('--jobs', jobs, 1)];
  const offered = heldOut ? await heldOutScenarios() : await allScenarios();
  const chosen = chooseScenarios(only, offered);
  const { scenarios, captures, failed, retried } = await withCleanup((cleanup) =>
    recordSet(chosen, drawnFrom, resolve(out), atOnce, cleanup, heldOut),
  );
  process.stdout.write(
    `seed ${seed}: ${captures} captures of ${scenarios} scenarios, ${retried.length} at the second try, ${failed.length} failed\n`,
  );
  for (const { scenario, reason } of retried) process.stdout.write(`  second try ${scenario}: ${reason}\n`);
  for (const { scenario, reason } of failed) process.stdout.write(`  failed ${scenario}: ${reason}\n`);
  // Of a set in parts, what failed earlier is not this run's.
  return failed.some(({ scenario }) => chosen.some(({ id }) => id === scenario)) ? 1 : 0;
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new Failure(`${option} ${text}: a whole number from ${least} on is needed`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runTool('lab', USAGE, main);
