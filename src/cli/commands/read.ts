/** `firsthand read CAPTURE…` */
import type { ReadOptions } from '../../collect/read-capture.ts';
import { jsonPieces, renderNdjson } from '../../report/json.ts';
import { renderText } from '../../report/text.ts';
import type { Report } from '../../report/types.ts';
import { toList } from '../../report/words.ts';
import { DONE, FAILED, FINDINGS } from '../exit-codes.ts';
import { hasFindings, toFailOn } from '../fail-on.ts';
import { Failure, toFailureLine } from '../failure.ts';
import type { ReadFlags } from '../flags.ts';
import { type Io, write } from '../io.ts';
import { readHostFlags, readKnowledge, toTextOptions } from '../page.ts';
import { startProgress } from '../progress.ts';
import { checkOutput, saveWhole } from '../save.ts';

/** Reads each capture, prints or saves the reports; the exit code. */
export async function runRead(captures: readonly string[], flags: ReadFlags, io: Io): Promise<number> {
  checkFlags(captures, flags);
  const failOn = (flags.failOn ?? []).map(toFailOn);
  const knowledge = { ...(await readKnowledge(flags)), ...(await readHostFlags(flags)) };
  const { output } = flags;
  if (output !== undefined) await checkOutput(output, [...captures, ...besides(flags)]);
  const render = toRenderer(captures.length, flags, io);
  const saved: string[] = [];
  const put = async (piece: string): Promise<boolean> => {
    if (output === undefined) return write(io.stdout, piece);
    saved.push(piece);
    return true;
  };
  const alone: string[] = [];
  let reports = 0;
  let exitCode: number = DONE;
  for await (const report of readEach(captures, { ...knowledge, allRsts: flags.allRsts ?? false }, flags, io)) {
    if (io.signal.aborted) return DONE;
    if (!report) {
      exitCode = FAILED;
      continue;
    }
    if (exitCode === DONE && hasFindings(report, failOn)) exitCode = FINDINGS;
    const pieces = flags.json ? jsonPieces(report) : [render(report)];
    for (const piece of pieces) if (!(await put(piece))) return DONE;
    reports++;
    if (report.inputs.length === 1) alone.push(toPlain(report.inputs[0]!.path));
  }
  const isText = flags.json !== true && flags.ndjson !== true && flags.quiet !== true;
  if (isText && reports > 1 && !(await put(renderApart(alone, reports)))) return DONE;
  if (output !== undefined && saved.length > 0) {
    await saveWhole(output, saved.join('')).catch((error: unknown) => {
      throw new Failure(`-o ${toFailureLine(error, output)}`);
    });
  }
  return exitCode;
}

/** The other files that are read. */
function besides({ hosts, kernel, strace, ss, journal }: ReadFlags): string[] {
  return [hosts, kernel, strace, ss, journal].filter((file) => file !== undefined);
}

function checkFlags(captures: readonly string[], { json, ndjson }: ReadFlags): void {
  if (json && ndjson) throw new Failure('--json and --ndjson exclude each other');
  if (captures.filter((capture) => capture === '-').length > 1)
    throw new Failure('standard input (-) can be read only once');
}

/** The reports, captures of the same traffic in one; null after saying on standard error why there is none. */
async function* readEach(
  captures: readonly string[],
  options: ReadOptions,
  { json }: ReadFlags,
  io: Io,
): AsyncGenerator<Report | null> {
  if (captures.length === 1) {
    yield await readOne(captures[0]!, options, io);
    return;
  }
  const readCaptures = io.readCaptures ?? (await import('../../collect/read-captures.ts')).readCaptures;
  const progress = startProgress(io);
  const outcomes = await readCaptures(captures, { ...options, signal: io.signal, onProgress: progress.update }).finally(
    progress.end,
  );
  if (json && outcomes.length > 1 && outcomes.every((outcome) => 'report' in outcome)) {
    throw new Failure(
      '--json gives one report, and these captures have no connection in common; use --ndjson, or read one at a time',
    );
  }
  for (const outcome of outcomes) {
    if ('report' in outcome) yield outcome.report;
    else {
      complain(outcome.error, outcome.paths[0], io);
      yield null;
    }
  }
}

async function readOne(capture: string, options: ReadOptions, io: Io): Promise<Report | null> {
  const readCapture = io.readCapture ?? (await import('../../collect/read-capture.ts')).readCapture;
  const progress = startProgress(io);
  try {
    return await readCapture(capture, { ...options, signal: io.signal, onProgress: progress.update });
  } catch (error) {
    progress.end();
    if (!io.signal.aborted) complain(error, capture, io);
    return null;
  } finally {
    progress.end();
  }
}

function complain(error: unknown, capture: string, io: Io): void {
  io.stderr.write(`firsthand: ${toFailureLine(error, capture === '-' ? 'standard input' : capture)}\n`);
  if (io.debug && error instanceof Error) io.stderr.write(`${error.stack}\n`);
}

/** Whoever names several captures may expect them to be held against each other. */
function renderApart(alone: readonly string[], reports: number): string {
  if (alone.length === 0) return '';
  if (alone.length === reports)
    return '\n\nThese captures show no connection in common, so each of them is told by itself.\n';
  const [show, each] = alone.length === 1 ? ['shows', 'it'] : ['show', 'each'];
  return `\n\n${toList(alone)} ${show} no connection in common with the others, so ${each} is told alone.\n`;
}

function toPlain(path: string): string {
  return path.replace(/\p{C}/gu, '?');
}

function toRenderer(captures: number, flags: ReadFlags, io: Io): (report: Report) => string {
  if (flags.ndjson) return renderNdjson;
  const options = toTextOptions(flags, io, flags.output !== undefined);
  if (captures === 1) return (report) => renderText(report, options);
  let gap = '';
  return (report) => {
    // Captures that were read together are named in the report itself.
    const name = report.inputs.length > 1 ? '' : toPlain(report.inputs[0]!.path);
    const title = name === '' ? '' : `${options.style?.strong(name) ?? name}\n\n`;
    const text = `${gap}${title}${renderText(report, options)}`;
    gap = '\n\n';
    return text;
  };
}
