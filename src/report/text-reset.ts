/** One reset or silence: a headline that says it all, then who, why, what it cost, the frames, what to do. */
import { onOneHost } from '../causes/one-host.ts';
import { type Piece, toParagraph, toRow } from './flow-text.ts';
import type { Ink } from './ink.ts';
import { type LadderColumn, renderLadder } from './ladder-text.ts';
import { toLadder } from './ladder.ts';
import { lateFrames } from './late-rsts.ts';
import { renderEvidence, renderRemedies, toCaptureName, toFrame } from './text-advice.ts';
import {
  isAfterClose,
  isIgnored,
  isRefused,
  toBriefSubject,
  toMoment,
  toPair,
  toSocket,
  toSubject,
} from './text-names.ts';
import {
  IMPACT_WORDS,
  MECHANISM_WORDS,
  RETRY_WORDS,
  toCertainty,
  toCount,
  toList,
  toReason,
  toTwins,
} from './words.ts';
import type { Input, Reset, Rst, Silence } from './types.ts';

/** How much of it: who, why, cost and first remedy; the five strongest pieces of evidence; or all of them with what was expected. */
export type Detail = 'brief' | 'some' | 'all';

/** Doubts and checks that are printed before the rest is only counted. */
const SOME_DOUBTS = 2;

/** Of what a RST says, in a list of RSTs; the evidence has more of it. */
const SAID_CHARACTERS = 60;

/** RST packets described one by one before the rest is only counted. */
const NAMED_RSTS = 4;

/** One line where the width allows: who with whom, by which side, when, why. */
export function renderResetLines(reset: Reset, ink: Ink): string[] {
  return renderResetHeadline(reset, toBriefSubject(reset), ink);
}

/** The headline of a silence. */
export function renderSilenceLines(silence: Silence, ink: Ink): string[] {
  const what = `silent ${toMoment(silence)}`.trimEnd();
  return renderHeadline(silence, { text: what, paint: ink.style.alarm }, toVerdictWords(silence), ink);
}

/** Everything about one reset. */
export function renderResetBlock(reset: Reset, detail: Detail, inputs: readonly Input[], ink: Ink): string[] {
  const columns = toLadderColumns(reset, inputs);
  const ladder = renderLadder(toLadder(reset.ladder, reset.rsts, lateFrames(reset)), '    ', ink, columns);
  return [
    ...renderResetHeadline(reset, toSubject(reset, ink), ink),
    ...renderField('who', toWho(reset, ink), ink),
    ...(detail !== 'brief' && (reset.rsts.length > 1 || detail === 'all')
      ? renderField('RSTs', toRsts(reset, detail, inputs, ink), ink)
      : []),
    ...renderBody(reset, ladder, detail, inputs, ink),
  ];
}

/** Everything about one silence. */
export function renderSilenceBlock(silence: Silence, detail: Detail, inputs: readonly Input[], ink: Ink): string[] {
  const ladder = renderLadder(toLadder(silence.ladder), '    ', ink, toLadderColumns(silence, inputs));
  return [...renderSilenceLines(silence, ink), ...renderBody(silence, ladder, detail, inputs, ink)];
}

/** A column for each capture that shows the connection, nearest to the client first. */
function toLadderColumns({ connection, ladder }: Reset | Silence, inputs: readonly Input[]): LadderColumn[] {
  if (!ladder.some(({ seen }) => seen !== undefined)) return [];
  return connection.views.map(({ input }) => ({ input, name: toCaptureName(inputs, input) }));
}

function renderBody(
  item: Reset | Silence,
  ladder: readonly string[],
  detail: Detail,
  inputs: readonly Input[],
  ink: Ink,
): string[] {
  const head = [
    ...renderField('why', toWhy(item), ink),
    ...renderField('cost', `${IMPACT_WORDS[item.impact]} ${RETRY_WORDS[item.retry]}`, ink),
  ];
  if (detail === 'brief') return [...head, ...renderRemedies('fix', item.remedies.slice(0, 1), ink.style.remedy, ink)];
  const most = detail === 'all' ? Infinity : SOME_DOUBTS;
  const open = item.cannotTell.slice(0, most).map((text) => ink.safe(text));
  const left = item.cannotTell.length - open.length;
  if (left > 0) open.push(`${ink.glyphs.ellipsis} ${toCount(left, 'more doubt')}: -vv`);
  return [
    ...head,
    ...(item.evidence.length > 0 ? ['', ...renderEvidence(item.evidence, detail, inputs, ink)] : []),
    ...(ladder.length > 0 ? ['', ...ladder] : []),
    ...(item.remedies.length > 0 ? ['', ...renderRemedies('fix', item.remedies, ink.style.remedy, ink)] : []),
    ...renderRemedies('check', item.confirm.slice(0, most), (text) => text, ink),
    ...open.flatMap((text, at) => renderField(at === 0 ? 'unsure' : '', text, ink)),
    `    ${ink.style.faint(`filter  ${ink.safe(item.displayFilter)}`)}`,
  ];
}

function renderResetHeadline(reset: Reset, subject: string, ink: Ink): string[] {
  const late = isAfterClose(reset);
  const verb = late
    ? 'late RST'
    : isIgnored(reset)
      ? 'ignored RST'
      : reset.sender.actor === 'unknown'
        ? 'RST'
        : isRefused(reset)
          ? 'refused'
          : 'reset';
  const what = [`${verb} ${subject}`, toMoment(reset)].filter(Boolean).join(' ');
  const paint = late ? ink.style.faint : ink.style.alarm;
  return renderHeadline(reset, { text: what, paint }, toVerdictWords(reset), ink);
}

function renderHeadline(item: Reset | Silence, what: Piece, verdict: string, ink: Ink): string[] {
  const { strong } = ink.style;
  const pieces = [
    { text: ink.safe(item.id), paint: strong },
    { text: toPair(item.connection, ink), paint: strong },
    what,
    { text: verdict, paint: strong },
  ];
  return toRow(pieces, { width: ink.width, first: '', rest: '    ' });
}

/** A labelled paragraph: labels of one width, the text hanging beside them. */
function renderField(label: string, text: string, ink: Ink): string[] {
  const lines = toParagraph(text, { width: ink.width - 12, first: '', rest: '' });
  return lines.map((line, at) => `    ${ink.style.faint((at === 0 ? label : '').padEnd(8))}${line}`);
}

/** Causes that cannot be told apart are named together, with the confidence they have together. */
function toVerdictWords({ cause, alternatives }: Reset | Silence): string {
  const { id, level, confidence } = cause;
  if (id === 'unknown') return 'cause unknown';
  const group: readonly string[] = cause.group ?? [id];
  const others = alternatives.filter((other) => other.id !== id && group.includes(other.id));
  const together = others.reduce((sum, other) => sum + other.confidence, confidence);
  return `${id}${toTwins(cause)}, ${toCertainty(level, Math.min(1, together))}`;
}

function toWho({ sender, mechanism, connection }: Reset, ink: Ink): string {
  const { actor, level, confidence, process } = sender;
  const whom =
    actor === 'middlebox'
      ? `not ${toSocket(sender, ink)} itself`
      : `${toSocket(sender, ink)}${actor === 'endpoint' ? ' itself' : ', or something in its name'}`;
  const program = process ? `; process ${process.pid} ${ink.safe(process.command)}` : '';
  const how =
    mechanism === 'in-path-answer' && (onOneHost(connection) || actor === 'endpoint')
      ? 'a packet filter of the same host answered in its name'
      : MECHANISM_WORDS[mechanism];
  return `${whom} (${toCertainty(level, confidence)}): ${how}${program}`;
}

function toWhy({ cause, alternatives }: Reset | Silence): string {
  const group: readonly (typeof cause.id)[] = cause.group ?? [];
  const tied = group.length > 1;
  const reason = tied
    ? `${toReason(cause.id)} (${cause.id}); ${toList(group.slice(1))} would leave the same bytes here`
    : toReason(cause.id);
  const others = alternatives
    .filter(({ id, confidence }) => confidence >= 0.01 && !(tied && (group as readonly string[]).includes(id)))
    .map(({ id, confidence }) => `${id} ${Math.round(confidence * 100)}%`);
  return others.length > 0 ? `${reason}; otherwise ${others.join(', ')}` : reason;
}

function toRsts(reset: Reset, detail: Detail, inputs: readonly Input[], ink: Ink): string {
  const { rsts, moreRsts = 0 } = reset;
  const late = lateFrames(reset);
  const named = detail === 'all' ? rsts : rsts.slice(0, NAMED_RSTS);
  const left = rsts.length - named.length + moreRsts;
  const list = named.map((rst) => toRst(rst, late.has(rst.frame), inputs, ink)).join('; ');
  return left > 0 ? `${list}; and ${toCount(left, 'more', 'more')}` : list;
}

function toRst(rst: Rst, isLate: boolean, inputs: readonly Input[], ink: Ink): string {
  const { input, frame, from, actor, effect, duplicateOf, sameAs, says, ended } = rst;
  const here = toFrame({ input, frame }, inputs, ink);
  const original = duplicateOf === null ? sameAs : { input, frame: duplicateOf };
  if (original !== undefined) return `${here} the same packet as ${toFrame(original, inputs, ink)}`;
  const whose = actor === 'middlebox' ? `in the ${from}'s name` : `from the ${from}`;
  const ending = effect === 'unknown' ? 'may have ended it' : 'ended it';
  const other = isLate ? 'came after the end' : effect === 'unknown' ? '' : effect;
  const fate = ended ? ending : other;
  const words = says === undefined ? '' : ink.safe(`says “${says.slice(0, SAID_CHARACTERS)}”`);
  return [`${here} ${whose}`, fate, words].filter(Boolean).join(', ');
}
