/** Evidence with its frames; remedies with the command and the reason. */
import { padColumns, toColumns, toParagraph } from './flow-text.ts';
import type { Ink, Paint } from './ink.ts';
import type { Detail } from './text-reset.ts';
import type { Evidence, FrameRef, Input, Remedy } from './types.ts';
import { toCount } from './words.ts';

const SOME_EVIDENCE = 5;
const NAMED_FRAMES = 3;

/** Facts, strongest first, each with its frames in front. */
export function renderEvidence(
  evidence: readonly Evidence[],
  detail: Detail,
  inputs: readonly Input[],
  ink: Ink,
): string[] {
  const shown = detail === 'all' ? evidence : evidence.slice(0, SOME_EVIDENCE);
  const labels = shown.map(({ frames }) => toFrames(frames, inputs, ink));
  const columns = Math.min(Math.max(...labels.map(toColumns), 0), LABEL_COLUMNS);
  const lines = shown.flatMap((fact, at) => renderFact(fact, padColumns(labels[at] ?? '', columns), detail, ink));
  const left = evidence.length - shown.length;
  if (left > 0) lines.push(`    ${ink.style.faint(`${ink.glyphs.ellipsis} ${toCount(left, 'more fact')}: -vv`)}`);
  return lines;
}

/** What to do, then the command to copy, then the reason; bulleted when there are several. */
export function renderRemedies(label: string, remedies: readonly Remedy[], paint: Paint, ink: Ink): string[] {
  const bullet = remedies.length > 1 ? `${ink.glyphs.bullet} ` : '';
  const hanging = ' '.repeat(12 + bullet.length);
  return remedies.flatMap(({ text, command, why }, at) => {
    const first = `    ${ink.style.faint((at === 0 ? label : '').padEnd(8))}${bullet}`;
    const lines = toParagraph(ink.safe(text), { width: ink.width - hanging.length, first: '', rest: '', paint });
    const reason = { width: ink.width, first: hanging, rest: hanging, paint: ink.style.faint };
    return [
      ...lines.map((line, row) => (row === 0 ? first : hanging) + line),
      ...(command ? [`${hanging}${ink.style.strong(ink.safe(command))}`] : []),
      ...(why ? toParagraph(ink.safe(why), reason) : []),
    ];
  });
}

/** Labels up to here have the facts beside them; longer ones stand above theirs. */
const LABEL_COLUMNS = 18;
const WIDE_LABEL = 30;

function renderFact(fact: Evidence, label: string, detail: Detail, ink: Ink): string[] {
  const above = toColumns(label) > WIDE_LABEL;
  const rest = ' '.repeat(above ? 8 : 6 + toColumns(label));
  const first = above ? rest : `    ${label}  `;
  const paragraph = toParagraph(ink.safe(fact.text), { width: ink.width, first, rest });
  const lines = above ? [`    ${label}`, ...paragraph] : paragraph;
  if (detail !== 'all') return lines;
  const more = [
    `fact: ${fact.fact}`,
    fact.received === undefined ? '' : `received: ${fact.received}`,
    fact.expected === undefined ? '' : `expected otherwise: ${fact.expected}`,
  ].filter(Boolean);
  const paint = ink.style.faint;
  return [
    ...lines,
    ...more.flatMap((text) => toParagraph(ink.safe(text), { width: ink.width, first: rest, rest, paint })),
  ];
}

function toFrames(frames: readonly FrameRef[], inputs: readonly Input[], ink: Ink): string {
  const named = frames.slice(0, NAMED_FRAMES);
  // A capture is named once for frames that follow each other.
  const texts = named.map((ref, at) =>
    ref.input === named[at - 1]?.input ? `#${ref.frame}` : toFrame(ref, inputs, ink),
  );
  return texts.join(' ') + (frames.length > NAMED_FRAMES ? ` ${ink.glyphs.ellipsis}` : '');
}

/** `#17`; with several captures `a.pcap#17`. */
export function toFrame({ input, frame }: FrameRef, inputs: readonly Input[], ink: Ink): string {
  return `${inputs.length > 1 ? ink.safe(toCaptureName(inputs, input)) : ''}#${frame}`;
}

/** A capture's file name without its folders. */
export function toCaptureName(inputs: readonly Input[], input: number): string {
  return inputs[input]?.path.split('/').at(-1) ?? '';
}
