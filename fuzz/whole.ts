/** The whole reading of one input, both ways and in every rendering, held against what every report promises. */
import { CaptureError, readCapture } from '../src/browser.ts';
import { toInk } from '../src/report/ink.ts';
import { renderJson, renderNdjson } from '../src/report/json.ts';
import { renderLiveReset } from '../src/report/text-live.ts';
import { renderText } from '../src/report/text.ts';
import type { Report } from '../src/report/types.ts';
import { toSchemaErrors } from '../test/e2e/schema.ts';

/** What came of one input. */
export interface Outcome {
  /** Null when the input was refused, as it may be. */
  readonly report: Report | null;
  /** Promises that were broken; empty when all is well. */
  readonly broken: readonly string[];
}

/** Reads a capture in two passes, in one, and live; throws only what a reader must not throw. */
export async function readWhole(capture: Uint8Array<ArrayBuffer>, comparePasses: boolean = true): Promise<Outcome> {
  const told: string[] = [];
  let tellings = 0;
  const twoPass = await readOrRefuse(new Blob([capture]));
  const onePass = await readOrRefuse(new Blob([capture]).stream());
  // A reading of its own: whoever wants resets early has them judged early, when fewer names are known.
  const live = await readOrRefuse(new Blob([capture]).stream(), (reset) => {
    tellings++;
    told.push(renderLiveReset(reset, toInk({ width: 80 })).join('\n'));
  });
  const broken: string[] = [];
  if (comparePasses && comparable(onePass) !== comparable(twoPass)) broken.push('one pass and two passes differ');
  if (typeof twoPass === 'string') return { report: null, broken };
  if (typeof live !== 'string' && tellings !== live.resets.length)
    broken.push(`${tellings} of ${live.resets.length} resets of the stream were told`);
  return { report: twoPass, broken: [...broken, ...brokenPromises(twoPass, told)] };
}

/** Promises that a report breaks, in its fields and in the renderings of the given numbers, by default all. */
export function brokenPromises(
  report: Report,
  told: readonly string[] = [],
  which: readonly number[] = EVERY_RENDERING,
): readonly string[] {
  const { resets, summary } = report;
  const listed = resets.reduce((sum, { rsts, moreRsts }) => sum + rsts.length + (moreRsts ?? 0), 0);
  const pages = which.map((number) => RENDERINGS[number]!(report));
  const unsafe = [...pages, ...told].map((page) => UNSAFE.exec(page)?.[0]).filter((found) => found);
  return [
    ...toSchemaErrors(report),
    ...(listed === summary.rstPackets ? [] : [`${listed} RSTs listed, ${summary.rstPackets} counted`]),
    ...(resets.length === summary.resets ? [] : [`${resets.length} resets listed, ${summary.resets} counted`]),
    ...unsafe.map((found) => `prints U+${found?.codePointAt(0)?.toString(16)}`),
  ];
}

/** The report, or the code of a proper refusal. */
async function readOrRefuse(
  input: Blob | ReadableStream<Uint8Array>,
  onReset?: (reset: Report['resets'][number]) => void,
): Promise<Report | string> {
  try {
    return await readCapture(input, onReset === undefined ? {} : { onReset });
  } catch (error) {
    if (CaptureError.is(error)) return error.code;
    throw error;
  }
}

/** What must not depend on the number of passes. */
export function comparable(report: Report | string): string {
  if (typeof report === 'string') return report;
  const inputs = report.inputs.map((input) => ({ ...input, strategy: '' }));
  return JSON.stringify({ ...report, inputs }, (key, value: unknown) => (HEARD.has(key) ? undefined : value));
}

/** Fields with names and roles from HTTP headers: two passes follow no connection that survived, and hear less. */
const HEARD = new Set([
  'name',
  'role',
  'title',
  'contrast',
  'text',
  'expected',
  'received',
  'remedies',
  'confirm',
  'cannotTell',
]);

/** Whatever a terminal obeys, but the end of a line. */
const UNSAFE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

const RENDERINGS: readonly ((report: Report) => string)[] = [
  (report) => renderText(report, { detail: 'all', width: 80 }),
  (report) => renderJson(report),
  (report) => renderText(report, { detail: 'normal', width: 80 }),
  (report) => renderText(report, { detail: 'brief', width: 80 }),
  (report) => renderNdjson(report),
  (report) => renderText(report, { detail: 'quiet', width: 80 }),
  (report) => renderText(report, { detail: 'full', width: 80 }),
  (report) => renderText(report, { detail: 'all', ascii: true, width: 60 }),
];

const EVERY_RENDERING: readonly number[] = RENDERINGS.map((_, number) => number);
