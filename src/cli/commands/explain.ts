/** `firsthand explain [TEXT|FILE|CAUSE|TOPIC|-]` */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { CAUSES, SILENCES } from '../../causes/list.ts';
import type { Cause, SilenceCause } from '../../causes/define.ts';
import { explain } from '../../explain/explain.ts';
import { type ExplainTextOptions, renderCause, renderExplanation, renderTopic } from '../../explain/text.ts';
import { findTopic } from '../../explain/topics.ts';
import { escapeText } from '../../report/escape.ts';
import { DONE } from '../exit-codes.ts';
import { Failure, toFailureLine } from '../failure.ts';
import type { ExplainFlags } from '../flags.ts';
import { type Io, write } from '../io.ts';
import { pickStyle, pickWidth } from '../terminal.ts';

/** A stack trace is far shorter; of a longer text only the beginning is looked at. */
const MAX_CHARS = 1024 * 1024;
const SHOWN_CHARS = 60;

/** Explains a cause, a topic, or a text: given, in a file, or from standard input. */
export async function runExplain(words: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  if (words.length === 0)
    throw new Failure('nothing to explain: give the error message, a file, or - for standard input');
  const asked = words.join(' ');
  const options = toOptions(flags, io);
  const cause = toCause(asked.trim().toLowerCase());
  if (cause) return show(flags.json ? toCauseJson(cause) : renderCause(cause, options), io);
  const topic = findTopic(asked);
  if (topic) return show(flags.json ? toJson(topic) : renderTopic(topic, options), io);
  const text = await readAsked(words, io);
  const found = explain(text);
  if (flags.json) await show(toJson(found), io);
  if (!found.recognised) throw toFailure(text, found.nearest);
  return flags.json ? DONE : show(renderExplanation(found, options), io);
}

function toOptions(flags: ExplainFlags, io: Io): ExplainTextOptions {
  return {
    width: pickWidth(flags.width, io.stdout),
    ascii: flags.ascii ?? false,
    style: pickStyle(flags.color, io.stdout, io.env),
    verbose: flags.verbose > 0,
  };
}

function toCause(id: string): Cause | SilenceCause | undefined {
  if (Object.hasOwn(CAUSES, id)) return CAUSES[id as keyof typeof CAUSES];
  return Object.hasOwn(SILENCES, id) ? SILENCES[id as keyof typeof SILENCES] : undefined;
}

async function readAsked(words: readonly string[], io: Io): Promise<string> {
  const [first = ''] = words;
  if (words.length > 1) return words.join(' ');
  if (first === '-') return readStdin(io);
  if (!existsSync(first)) return first;
  return readFirst(first).catch((error: unknown) => {
    throw new Failure(toFailureLine(error, first));
  });
}

async function readFirst(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_CHARS), 0, MAX_CHARS, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readStdin(io: Io): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of io.stdin ?? process.stdin) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= MAX_CHARS) break;
  }
  return text;
}

function toFailure(text: string, nearest: readonly string[]): Failure {
  const line = text.trim().split('\n', 1)[0] ?? '';
  const shown = line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
  const known =
    nearest.length > 0 ? `; nearest known: ${nearest.map((wording) => wording.slice(0, 80)).join(' | ')}` : '';
  return new Failure(escapeText(`not recognised: ${shown === '' ? 'an empty text' : shown}${known}`));
}

async function show(text: string, io: Io): Promise<number> {
  await write(io.stdout, text);
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
