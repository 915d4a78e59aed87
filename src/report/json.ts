/** The report as JSON and as newline-delimited JSON. Parses back to the very same values; safe to print on a terminal. */
import type { Report } from './types.ts';

/** What JSON.stringify leaves raw although a terminal obeys it: DEL, C1 controls, bidi, zero width, line separators, tags. */
const RAW_UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** All of these and some that are harmless, without Unicode's tables: four times as fast, and nearly no report holds any. */
const PERHAPS_UNSAFE = /[\u007f-\u009f\u00ad\u0600-\u1fff\u200b-\u200f\u2028-\u202f\u2060-\u206f\ud800-\uffff]/;

/** The whole report as one indented JSON document with a final newline. */
export function renderJson(report: Report): string {
  return [...jsonPieces(report)].join('');
}

/** Entries of a list in one piece: some 200 kB of resets. */
const ENTRIES = 32;

/** The same document in pieces: one of thousands of resets is larger than all that it was made from. */
export function* jsonPieces(report: Report): Generator<string> {
  let separator = '{\n';
  for (const [key, value] of Object.entries(report) as [string, unknown][]) {
    if (value === undefined) continue;
    const entries: readonly unknown[] = Array.isArray(value) ? value : [];
    if (entries.length <= ENTRIES) {
      yield separator + inner({ [key]: value }, '{\n', '\n}');
    } else {
      yield `${separator}  ${JSON.stringify(key)}: [`;
      for (let at = 0; at < entries.length; at += ENTRIES) {
        const text = inner({ '': entries.slice(at, at + ENTRIES) }, '{\n  "": [', '\n  ]\n}');
        yield at === 0 ? text : `,${text}`;
      }
      yield '\n  ]';
    }
    separator = ',\n';
  }
  yield '\n}\n';
}

/** The text of a value, indented as inside the document, without what stands around it here. */
function inner(value: unknown, before: string, after: string): string {
  return toSafeJson(value, 2).slice(before.length, -after.length);
}

/** One line per record, told apart by `type`: header, input, summary, story, reset, silence. */
export function renderNdjson(report: Report): string {
  const { schemaVersion, tool, inputs, summary, stories, resets, silences } = report;
  return [
    toRecord('header', { schemaVersion, tool }),
    ...inputs.map((input) => toRecord('input', input)),
    toRecord('summary', summary),
    ...stories.map((story) => toRecord('story', story)),
    ...resets.map((reset) => toRecord('reset', reset)),
    ...silences.map((silence) => toRecord('silence', silence)),
  ].join('');
}

/** One newline-terminated line of {@link renderNdjson}. */
export function toRecord(type: string, value: object): string {
  return `${toSafeJson({ type, ...value })}\n`;
}

function toSafeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return PERHAPS_UNSAFE.test(text) ? text.replace(RAW_UNSAFE, toUnits) : text;
}

function toUnits(char: string): string {
  let escaped = '';
  for (let at = 0; at < char.length; at++) escaped += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return escaped;
}
