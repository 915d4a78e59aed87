/** `firsthand lab`: one scenario for a person: what was done, what is seen of it, and the verdict. */
import { constants } from 'node:fs';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShowLab } from '../src/cli/commands/lab.ts';
import { DONE } from '../src/cli/exit-codes.ts';
import { Failure, toFailureLine } from '../src/cli/failure.ts';
import type { LabFlags } from '../src/cli/flags.ts';
import { type Io, write } from '../src/cli/io.ts';
import { toTextOptions } from '../src/cli/page.ts';
import { readCapture } from '../src/collect/read-capture.ts';
import { readCaptures } from '../src/collect/read-captures.ts';
import { escapeAscii } from '../src/report/escape.ts';
import { toParagraph } from '../src/report/flow-text.ts';
import { PLAIN } from '../src/report/ink.ts';
import { renderText } from '../src/report/text.ts';
import { allScenarios } from './all-scenarios.ts';
import { Interrupted, withCleanup } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { renderComparison } from './compare-text.ts';
import type { View } from './compare-text.ts';
import { findScenario } from './find-scenario.ts';
import { renderList } from './list-text.ts';
import { keptName, obtain } from './obtain.ts';
import type { Obtained } from './obtain.ts';
import { truthAt } from './scenario.ts';
import type { Point, Scenario } from './scenario.ts';

/** Lists the scenarios, or shows one; the exit code. */
export const showLab: ShowLab = async (asked, flags, io) => {
  const scenarios = await allScenarios();
  const { width = 100, style = PLAIN } = toTextOptions(flags, io);
  if (asked === undefined) {
    if (flags.keep !== undefined) throw new Failure('--keep: name a cause');
    await say(renderList(scenarios, width, style), flags, io);
    return DONE;
  }
  const scenario = findScenario(asked, scenarios);
  if (flags.keep !== undefined) await checkFree(flags.keep, scenario);
  const work = async (cleanup: CleanupStack): Promise<number> => {
    const obtained = await obtain(scenario, cleanup);
    const kept = flags.keep === undefined ? [] : await keep(flags.keep, scenario, obtained);
    await show(scenario, obtained, kept, flags, io);
    const others = scenarios.filter(({ cause, id }) => cause === scenario.cause && id !== scenario.id);
    if (!flags.quiet && others.length > 0)
      await say(`\nAlso: ${others.map(({ id }) => `firsthand lab ${id}`).join('\n      ')}\n`, flags, io);
    return DONE;
  };
  try {
    return await withCleanup(work, io.signal);
  } catch (error) {
    if (error instanceof Interrupted && io.signal.aborted) return DONE;
    throw error;
  }
};

async function show(
  scenario: Scenario,
  { how, captures }: Obtained,
  kept: readonly string[],
  flags: LabFlags,
  io: Io,
): Promise<void> {
  const options = toTextOptions(flags, io);
  const { width = 100, style = PLAIN } = options;
  const { truth } = scenario;
  await say(`${[how, ...kept.map((path) => `Kept: ${path}`)].join('\n')}\n\n`, flags, io);
  const done = [
    style.strong(scenario.title),
    ...toParagraph(`What was really done: ${truth.why}.`, { width, first: '', rest: '  ' }),
    ...(truth.equivalentBecause === undefined
      ? []
      : toParagraph(`The same bytes as ${truth.equivalent.join(', ')}: ${truth.equivalentBecause}.`, {
          width,
          first: '',
          rest: '  ',
        })),
  ];
  await say(`${done.join('\n')}\n\n`, flags, io);
  const views = await readAll(scenario, captures);
  await say(renderComparison(truth, views, style), flags, io);
  if (flags.quiet) return;
  for (const [at, { place, report }] of views.entries()) {
    const isWhole = at === views.length - 1 || flags.verbose > 0;
    const text = renderText(report, isWhole ? options : { ...options, detail: 'brief' });
    await say(`\n${style.strong(views.length === 1 ? 'What is seen' : `What is seen: ${place}`)}\n${text}`, flags, io);
  }
}

/** Each capture by itself and, where there are several of the same traffic, all of them together. */
async function readAll(scenario: Scenario, captures: Obtained['captures']): Promise<View[]> {
  const views: View[] = [];
  for (const { point, path } of captures) {
    views.push({ place: toPlace(point), truth: truthAt(scenario, point), report: await readCapture(path) });
  }
  if (captures.length < 2) return views;
  const outcomes = await readCaptures(captures.map(({ path }) => path));
  for (const outcome of outcomes) {
    if ('report' in outcome && outcome.paths.length > 1) {
      views.push({ place: 'together', truth: scenario.truth, report: outcome.report });
    }
  }
  return views;
}

function toPlace(point: Point): string {
  return point === 'loopback' ? 'loopback' : `at the ${point}`;
}

/** Whoever wants to keep captures learns before they are made that the place is taken. */
async function checkFree(directory: string, scenario: Scenario): Promise<void> {
  const points = scenario.points ?? ['client'];
  for (const [at, point] of points.entries()) {
    const path = join(directory, keptName(scenario, `${scenario.id}${at === 0 ? '' : `@${point}`}.pcap`));
    const isFree = await access(path).then(
      () => false,
      () => true,
    );
    if (!isFree) throw new Failure(`--keep ${path} exists, and nothing is overwritten`);
  }
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw new Failure(`--keep ${toFailureLine(error, directory)}`);
  });
}

async function keep(directory: string, scenario: Scenario, { captures }: Obtained): Promise<string[]> {
  const kept: string[] = [];
  for (const { path } of captures) {
    const to = join(directory, keptName(scenario, path));
    await copyFile(path, to, constants.COPYFILE_EXCL).catch((error: unknown) => {
      throw new Failure(`--keep ${toFailureLine(error, to)}`);
    });
    kept.push(to);
  }
  return kept;
}

async function say(text: string, { ascii }: LabFlags, io: Io): Promise<void> {
  // Colours stay: only what is not ASCII is replaced.
  const shown = ascii ? text.replaceAll('≠', '~').replace(/\P{ASCII}/gu, escapeAscii) : text;
  await write(io.stdout, shown);
}
