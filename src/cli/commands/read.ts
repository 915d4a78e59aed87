/** `firsthand read CAPTURE…` */
import type { ReadOptions } from '../../collect/read-capture.ts';
import { jsonPieces, renderNdjson } from '../../report/json.ts';
import { renderText } from '../../report/text.ts';
import type { Report } from '../../report/types.ts';
import { DONE, FAILED, FINDINGS } from '../exit-codes.ts';
import { hasFindings, toFailOn } from '../fail-on.ts';
import { Failure, toFailureLine } from '../failure.ts';
import type { ReadFlags } from '../flags.ts';
import { type Io, write } from '../io.ts';
import { readKnowledge, toTextOptions } from '../page.ts';
import { startProgress } from '../progress.ts';
import { checkOutput, saveWhole } from '../save.ts';

/** Reads each capture, prints or saves the reports; the exit code. */
export async function runRead(captures: readonly string[], flags: ReadFlags, io: Io): Promise<number> {
  checkFlags(captures, flags);
  const failOn = (flags.failOn ?? []).map(toFailOn);
  const knowledge = await readKnowledge(flags);
  const { output } = flags;
  if (output !== undefined)
    await checkOutput(output, flags.hosts === undefined ? captures : [...captures, flags.hosts]);
  const render = toRenderer(captures.length, flags, io);
  const saved: string[] = [];
  let exitCode: number = DONE;
  for (const capture of captures) {
    const report = await readOne(capture, { ...knowledge, allRsts: flags.allRsts ?? false }, io);
    if (io.signal.aborted) return DONE;
    if (!report) {
      exitCode = FAILED;
      continue;
    }
    if (exitCode === DONE && hasFindings(report, failOn)) exitCode = FINDINGS;
    const pieces = flags.json ? jsonPieces(report) : [render(report)];
    for (const piece of pieces) {
      if (output !== undefined) saved.push(piece);
      else if (!(await write(io.stdout, piece))) return DONE;
    }
  }
  if (output !== undefined && saved.length > 0) {
    await saveWhole(output, saved.join('')).catch((error: unknown) => {
      throw new Failure(`-o ${toFailureLine(error, output)}`);
    });
  }
  return exitCode;
}

function checkFlags(captures: readonly string[], { json, ndjson }: ReadFlags): void {
  if (json && ndjson) throw new Failure('--json and --ndjson exclude each other');
  if (json && captures.length > 1) {
    throw new Failure('--json gives one report for one capture; use --ndjson for several, or read one at a time');
  }
  if (captures.filter((capture) => capture === '-').length > 1)
    throw new Failure('standard input (-) can be read only once');
}

/** The report of one capture; null after saying on standard error why there is none. */
async function readOne(capture: string, options: ReadOptions, io: Io): Promise<Report | null> {
  const readCapture = io.readCapture ?? (await import('../../collect/read-capture.ts')).readCapture;
  const progress = startProgress(io);
  try {
    return await readCapture(capture, { ...options, signal: io.signal, onProgress: progress.update });
  } catch (error) {
    progress.end();
    if (io.signal.aborted) return null;
    io.stderr.write(`firsthand: ${toFailureLine(error, capture === '-' ? 'standard input' : capture)}\n`);
    if (io.debug && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return null;
  } finally {
    progress.end();
  }
}

function toRenderer(captures: number, flags: ReadFlags, io: Io): (report: Report) => string {
  if (flags.ndjson) return renderNdjson;
  const options = toTextOptions(flags, io, flags.output !== undefined);
  if (captures === 1) return (report) => renderText(report, options);
  let gap = '';
  return (report) => {
    const name = report.inputs.map(({ path }) => path.replace(/\p{C}/gu, '?')).join(' ');
    const text = `${gap}${options.style?.strong(name) ?? name}\n\n${renderText(report, options)}`;
    gap = '\n\n';
    return text;
  };
}
