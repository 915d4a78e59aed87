/**
 * Regenerates test/captures: `tsx lab/record-all.ts [--only CAUSE[/NAME]]`. With `--truth` nothing is recorded: the
 * truth of the captures that are there is written anew from the scenarios.
 */
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { allScenarios } from './all-scenarios.ts';
import { Interrupted, withCleanup } from './cleanup.ts';
import { chooseScenarios } from './find-scenario.ts';
import { Maker } from './maker.ts';
import type { Delivery } from './maker.ts';
import { missingNeeds } from './needs.ts';
import { packageRoot } from './package-root.ts';
import { readCapture } from './pcap-resets.ts';
import { expectedResets, kindAt, pointOf, truthAt } from './scenario.ts';
import type { Point, Scenario, Truth } from './scenario.ts';
import { renderSources } from './sources.ts';
import { runTool } from './tool.ts';
import type { Variation } from './variation.ts';

/** What truth.json says of one capture. */
export interface CaptureTruth {
  readonly title: string;
  readonly scenario: string;
  readonly kind: 'fires' | 'quiet';
  readonly truth: Truth;
  /** Connections with at least one RST. */
  readonly resets: number;
  readonly software: Readonly<Record<string, string>>;
  readonly kernel: string;
  /** Where the capture was taken. */
  readonly where: string;
  /** What a seed drew; absent in a plain recording. */
  readonly variation?: Variation;
}

/** What was recorded of one scenario. */
type Made = Extract<Delivery, { readonly captures: unknown }>;

/** Captures above this size do not belong into the repository. */
const MAX_CAPTURE_BYTES = 60_000;

/** Records the scenarios that `only` names (all without it) and returns how many failed. */
export async function recordAll(only?: string): Promise<number> {
  const captures = join(packageRoot(), 'test', 'captures');
  const chosen = chooseScenarios(only, await allScenarios());
  let failed = 0;
  await withCleanup(async (stack) => {
    const maker = new Maker(stack);
    for (const scenario of chosen) {
      const missing = await missingNeeds(scenario.needs);
      if (missing.length > 0) {
        process.stderr.write(`SKIPPED ${scenario.id}: this machine lacks ${missing.join(', ')}\n`);
        failed++;
        continue;
      }
      try {
        const directory = join(captures, scenario.cause);
        const delivery = await maker.make({ scenario: scenario.id, seed: null, directory });
        if ('failed' in delivery) throw new Error(delivery.failed);
        await noteTruth(directory, scenario, delivery);
        const shapes = await Promise.all(delivery.captures.map(describe));
        process.stdout.write(`${scenario.id} [${scenario.kind}]: ${shapes.join('; ')}\n`);
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        failed++;
        process.stderr.write(`FAILED ${scenario.id}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  });
  await writeFile(join(captures, 'SOURCES.md'), await renderSources(captures));
  return failed;
}

/** Writes what the scenarios say of the captures that are already recorded. */
export async function refreshTruth(): Promise<void> {
  const captures = join(packageRoot(), 'test', 'captures');
  for (const scenario of await allScenarios()) {
    const path = join(captures, scenario.cause, 'truth.json');
    const truths = await readTruths(path);
    for (const [file, known] of Object.entries(truths)) {
      if (known.scenario !== scenario.id) continue;
      truths[file] = { ...known, ...describeCapture(scenario, pointOf(scenario, file)) };
    }
    await writeFile(path, `${JSON.stringify(truths, null, 2)}\n`);
  }
  await writeFile(join(captures, 'SOURCES.md'), await renderSources(captures));
}

async function noteTruth(directory: string, scenario: Scenario, { captures, software }: Made): Promise<void> {
  const path = join(directory, 'truth.json');
  const truths = await readTruths(path);
  for (const { point, path: file } of captures) {
    const { size } = await stat(file);
    if (size > MAX_CAPTURE_BYTES) throw new Error(`${file} has ${size} bytes, more than ${MAX_CAPTURE_BYTES}`);
    truths[basename(file)] = {
      ...describeCapture(scenario, point),
      software,
      kernel: `Linux ${release()}`,
    };
  }
  const known = new Set(await readdir(directory));
  const kept = Object.entries(truths).filter(([file]) => known.has(file));
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(path, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
  const current = new Set(kept.map(([file]) => file));
  for (const file of known) if (file.endsWith('.pcap') && !current.has(file)) await rm(join(directory, file));
}

/** What a scenario says of the capture at one point, before anything is recorded. */
export function describeCapture(scenario: Scenario, point: Point): Omit<CaptureTruth, 'software' | 'kernel'> {
  return {
    title: scenario.title,
    scenario: scenario.id,
    kind: kindAt(scenario, point),
    truth: truthAt(scenario, point),
    resets: expectedResets(scenario, point),
    where: point === 'loopback' ? 'loopback' : `network namespace of the ${point}`,
  };
}

async function readTruths(path: string): Promise<Record<string, CaptureTruth>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, CaptureTruth>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

async function describe({ point, path }: Made['captures'][number]): Promise<string> {
  const contents = await readCapture(path);
  const shapes = contents.resets.map(
    ({ from, flags, window }) => `${from} ${(flags & 0x10) === 0 ? 'RST' : 'RST+ACK'} window ${window}`,
  );
  return `${point}: ${contents.packets} packets, ${shapes.length === 0 ? 'no reset' : shapes.join(', ')}`;
}

const USAGE = `npx tsx lab/record-all.ts [--only CAUSE[/NAME]]   records test/captures, or a part of it
npx tsx lab/record-all.ts --truth                 writes anew what the scenarios say of the captures that are there`;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' }, truth: { type: 'boolean' } } });
  if (values.truth !== true) return (await recordAll(values.only)) > 0 ? 1 : 0;
  await refreshTruth();
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runTool('record-all', USAGE, main);
