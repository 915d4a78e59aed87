/** `firsthand lab`: one scenario for a person: what was done, what is seen of it, and the verdict. */
import { copyFile, mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShowLab } from '../src/cli/commands/lab.ts';
import { DONE } from '../src/cli/exit-codes.ts';
import { Failure, toFailureLine } from '../src/cli/failure.ts';
import type { LabFlags } from '../src/cli/flags.ts';
import { type Io, write } from '../src/cli/io.ts';
import { toTextOptions } from '../src/cli/page.ts';
import { escapeAscii } from '../src/report/escape.ts';
import { toParagraph } from '../src/report/flow-text.ts';
import { PLAIN } from '../src/report/ink.ts';
import { renderText } from '../src/report/text.ts';
import { allScenarios } from './all-scenarios.ts';
import { Interrupted, withCleanup } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { renderComparison } from './compare-text.ts';
import type { View } from './compare-text.ts';
import { findScenarios } from './find-scenario.ts';
import { makeDirectory } from './leftovers.ts';
import { renderList } from './list-text.ts';
import { isShipped, obtain } from './obtain.ts';
import type { Obtained } from './obtain.ts';
import { scenarioName } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { readViews } from './views.ts';

/** Lists the scenarios, or shows one; the exit code. */
export const showLab: ShowLab = async (asked, flags, io) => {
  const scenarios = await allScenarios();
  const { width = 100, style = PLAIN } = toTextOptions(flags, io);
  if (asked === undefined) {
    if (flags.keep !== undefined)
      throw new Failure('--keep wants to know what to keep: firsthand lab CAUSE --keep DIR');
    await say(renderList(scenarios, width, style), flags, io);
    return DONE;
  }
  const scenario = await pick(findScenarios(asked, scenarios));
  const work = async (cleanup: CleanupStack): Promise<number> => {
    const folder = flags.keep === undefined ? null : await makeKept(flags.keep, scenario, cleanup);
    const obtained = await inProgress(`making ${scenario.id}: some seconds`, io, cleanup, () =>
      obtain(scenario, cleanup),
    );
    const placed = await place(obtained.captures, folder ?? makeDirectory(cleanup));
    await showOpening(scenario, obtained, placed, flags, io);
    const reports = await readViews(scenario, placed, flags.keep !== undefined);
    await say(renderComparison(scenario.truth, reports, width, style), flags, io);
    if (!flags.quiet) await showReports(reports, flags, io);
    if (!flags.quiet) await say(`\n${closing(scenario, scenarios, reports.length > 1, flags, width)}\n`, flags, io);
    return DONE;
  };
  try {
    return await withCleanup(work, io.signal);
  } catch (error) {
    if (error instanceof Interrupted && io.signal.aborted) return DONE;
    throw error;
  }
};

/** The first one of which there is a recording, so that root and others see the same. */
async function pick(scenarios: readonly Scenario[]): Promise<Scenario> {
  for (const scenario of scenarios) if (await isShipped(scenario)) return scenario;
  return scenarios[0]!;
}

/** A new folder for what is kept; it goes again when nothing came into it. */
async function makeKept(directory: string, scenario: Scenario, cleanup: CleanupStack): Promise<string> {
  const folder = join(directory, `${scenario.cause}-${scenarioName(scenario)}`);
  try {
    await mkdir(directory, { recursive: true });
    await mkdir(folder);
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new Failure(
      isTaken ? `--keep ${folder} exists, and nothing is overwritten` : `--keep ${toFailureLine(error, directory)}`,
    );
  }
  cleanup.defer(`remove ${folder} if it is empty`, () => rmdir(folder).catch(() => {}));
  return folder;
}

/** Making a scenario takes seconds; a person at a terminal is told what they are for. */
async function inProgress<T>(what: string, { stderr }: Io, cleanup: CleanupStack, work: () => Promise<T>): Promise<T> {
  if (!stderr.isTTY) return work();
  let isShown = true;
  const erase = (): void => {
    if (isShown) stderr.write('\r\u001b[K');
    isShown = false;
  };
  stderr.write(what);
  cleanup.defer('erase the line that says so', erase);
  const result = await work();
  erase();
  return result;
}

/** Copies the captures under the names of their places: that is how the report calls them. */
async function place(captures: Obtained['captures'], folder: string): Promise<Obtained['captures']> {
  return Promise.all(
    captures.map(async ({ point, path }) => {
      const to = join(folder, `${point}.pcap`);
      await copyFile(path, to);
      return { point, path: to };
    }),
  );
}

async function showOpening(
  scenario: Scenario,
  { how, hints }: Obtained,
  placed: Obtained['captures'],
  flags: LabFlags,
  io: Io,
): Promise<void> {
  const { width = 100, style = PLAIN } = toTextOptions(flags, io);
  const { title, truth } = scenario;
  const margins = { width, first: '', rest: '  ' };
  const lines = [
    ...toParagraph(how, margins),
    ...hints.map((hint) => `  ${style.remedy(hint)}`),
    ...(flags.keep === undefined ? [] : placed.map(({ path }) => `Kept: ${path}`)),
    '',
    ...toParagraph(`${scenario.id}: ${title}`, { ...margins, paint: style.strong }),
    ...toParagraph(`What was done: ${truth.why}.`, margins),
    ...(truth.equivalentBecause === undefined
      ? []
      : toParagraph(
          `What leaves the same bytes: ${truth.equivalent.join(', ')}; ${truth.equivalentBecause}.`,
          margins,
        )),
    '',
    '',
  ];
  await say(lines.join('\n'), flags, io);
}

/** The last of the views, which knows most, or with -v each of them. */
async function showReports(views: readonly View[], flags: LabFlags, io: Io): Promise<void> {
  const options = toTextOptions(flags, io);
  const { style = PLAIN } = options;
  const shown = flags.verbose > 0 ? views : views.slice(-1);
  for (const { place: where, report } of shown) {
    const head = `What firsthand read says${views.length === 1 ? '' : `, ${where}`}`;
    await say(`\n${style.strong(head)}\n\n${renderText(report, options)}`, flags, io);
  }
}

/** What to type next. */
function closing(
  scenario: Scenario,
  scenarios: readonly Scenario[],
  hasViews: boolean,
  { keep, verbose }: LabFlags,
  width: number,
): string {
  const others = scenarios.filter(({ cause, id }) => cause === scenario.cause && id !== scenario.id);
  const options = [
    ...(hasViews && verbose === 0 ? ['-v for each place alone'] : []),
    ...(keep === undefined ? ['--keep DIR to keep the captures'] : []),
  ];
  const names = others.map(scenarioName).join(', ');
  return [
    ...(options.length === 0 ? [] : [`Add ${options.join(', ')}.`]),
    ...(others.length === 0
      ? []
      : [
          ...toParagraph(`Also of ${scenario.cause}: ${names}`, { width, first: '', rest: '  ' }),
          `  firsthand lab ${scenario.cause}/NAME`,
        ]),
    'Every cause there is: firsthand lab',
  ].join('\n');
}

async function say(text: string, { ascii }: LabFlags, io: Io): Promise<void> {
  // Colours stay: only what is not ASCII is replaced.
  const shown = ascii ? text.replaceAll('≠', '~').replace(/\P{ASCII}/gu, escapeAscii) : text;
  await write(io.stdout, shown);
}
