/** `firsthand explain [TEXT|FILE…|CAUSE|TOPIC|-]` */
import { CAUSES, SILENCES } from '../../causes/list.ts';
import type { Cause, SilenceCause } from '../../causes/define.ts';
import type { LogFiles } from '../../collect/read-log.ts';
import { explain } from '../../explain/explain.ts';
import type { LogReport } from '../../explain/log/define.ts';
import { createLogReader } from '../../explain/log/reader.ts';
import { toHeadline } from '../../explain/log/words.ts';
import { type ExplainTextOptions, renderCause, renderExplanation, renderTopic } from '../../explain/text.ts';
import { findTopic } from '../../explain/topics.ts';
import { escapeText } from '../../report/escape.ts';
import { DONE } from '../exit-codes.ts';
import { Failure, toFailureLine } from '../failure.ts';
import type { ExplainFlags } from '../flags.ts';
import { type Io, write } from '../io.ts';
import { toTextOptions } from '../page.ts';
import { checkOutput, saveWhole } from '../save.ts';
import { isStory, readLogFiles, renderStory, toLogPaths } from './explain-log.ts';

const SHOWN_CHARS = 60;

/**
 * Explains a cause, a topic, a text, or what logs tell. A text with one failure is explained; several failures in the
 * course of time, and several logs, are told as one story.
 */
export async function runExplain(words: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  if (words.length === 0)
    throw new Failure('nothing to explain: give the error message, a file, or - for standard input');
  if (flags.json && flags.markdown) throw new Failure('--json and --markdown exclude each other');
  const asked = words.join(' ');
  const options = toOptions(flags, io);
  const cause = toCause(asked.trim().toLowerCase());
  if (cause) return show(flags.json ? toCauseJson(cause) : renderCause(cause, options), flags, io);
  const topic = findTopic(asked);
  if (topic) return show(flags.json ? toJson(topic) : renderTopic(topic, options), flags, io);
  const paths = await toLogPaths(words);
  if (paths && flags.output !== undefined) await checkOutput(flags.output, paths);
  const read = paths ? await readLogFiles(paths, flags, io) : readText(asked);
  return isStory(read) || flags.markdown ? tell(read.report, flags, io) : answer(read.text ?? '', flags, io);
}

async function answer(text: string, flags: ExplainFlags, io: Io): Promise<number> {
  const found = explain(text);
  if (flags.json) await show(toJson(found), flags, io);
  if (!found.recognised) throw toFailure(text, found.nearest);
  return flags.json ? DONE : show(renderExplanation(found, toOptions(flags, io)), flags, io);
}

/** Of a log that holds no failure, what processes did is still worth showing. */
async function tell(report: LogReport, flags: ExplainFlags, io: Io): Promise<number> {
  const isEmpty = report.groups.length === 0;
  if (!isEmpty || flags.json || flags.markdown || report.nearby.length > 0)
    await show(renderStory(report, flags, io), flags, io);
  if (!isEmpty) return DONE;
  const damage = report.inputs.flatMap(({ path, damage: what }) => what.map((one) => `${path}: ${one}; `)).join('');
  throw new Failure(escapeText(`not recognised: ${damage}${toHeadline(report)}`));
}

function readText(text: string): LogFiles {
  const reader = createLogReader();
  reader.feed(new TextEncoder().encode(text));
  return { report: reader.end(), text };
}

function toOptions(flags: ExplainFlags, io: Io): ExplainTextOptions {
  return {
    ...toTextOptions(flags, io, flags.output !== undefined),
    verbose: flags.verbose > 0,
  };
}

function toCause(id: string): Cause | SilenceCause | undefined {
  if (Object.hasOwn(CAUSES, id)) return CAUSES[id as keyof typeof CAUSES];
  return Object.hasOwn(SILENCES, id) ? SILENCES[id as keyof typeof SILENCES] : undefined;
}

function toFailure(text: string, nearest: readonly string[]): Failure {
  const line = text.trim().split('\n', 1)[0] ?? '';
  const shown = line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
  const known =
    nearest.length > 0 ? `; nearest known: ${nearest.map((wording) => wording.slice(0, 80)).join(' | ')}` : '';
  return new Failure(escapeText(`not recognised: ${shown === '' ? 'an empty text' : shown}${known}`));
}

async function show(text: string, { output }: ExplainFlags, io: Io): Promise<number> {
  if (output === undefined) await write(io.stdout, text);
  else
    await saveWhole(output, text).catch((error: unknown) => {
      throw new Failure(`-o ${toFailureLine(error, output)}`);
    });
  return DONE;
}

function toCauseJson(cause: Cause | SilenceCause): string {
  const { id, title, who, requires, uses, docs } = cause;
  return toJson({ schemaVersion: 1, cause: id, title, who, requires, uses, ...docs });
}

/** What JSON leaves raw although a terminal obeys it is written as an escape. */
function toJson(value: object): string {
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )}\n`;
}
