/** An explanation, a cause or a topic as text: the answer first. Everything that came from outside passes `ink.safe`. */
import type { Cause, SilenceCause } from '../causes/define.ts';
import { padColumns, clipColumns, toParagraph, toRow } from '../report/flow-text.ts';
import { type Ink, type InkOptions, type Paint, toInk } from '../report/ink.ts';
import { RETRY_WORDS } from '../report/words.ts';
import type { Condition } from '../terms/conditions.ts';
import type { Phase } from '../terms/phases.ts';
import type { Step } from './define.ts';
import type { Explained } from './explain.ts';
import type { Topic } from './topics.ts';

export interface ExplainTextOptions extends InkOptions {
  /** Every cause and command, the sources, and what else the text held. */
  readonly verbose?: boolean;
}

const CONDITION_WORDS: Readonly<Record<Condition, string>> = {
  refused: 'Refused: a RST answered the SYN',
  'timed-out': 'Timed out: silence, no RST',
  reset: 'Reset: a RST on an established connection',
  'broken-pipe': 'Broken pipe: written after the end',
  aborted: 'Aborted: by this side itself',
  closed: 'Closed: a FIN, not a RST',
  unreachable: 'Unreachable: no way there',
  unknown: 'The wording alone does not tell how it ended',
};

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  connect: 'while connecting',
  handshake: 'during the handshake',
  request: 'while the request was sent',
  response: 'while the answer was awaited or arriving',
  idle: 'while idle',
  closing: 'while closing',
  closed: 'after the close',
  unknown: 'in a phase that the wording does not tell',
};

const SOME_CAUSES = 4;
const SOME_STEPS = 3;
const LABEL_COLUMNS = 8;

/** What one line or stack trace says. */
export function renderExplanation(found: Explained, options: ExplainTextOptions = {}): string {
  const ink = toInk(options);
  const all = options.verbose ?? false;
  const causes = all ? found.causes : found.causes.slice(0, SOME_CAUSES);
  const steps = all ? found.next : found.next.slice(0, SOME_STEPS);
  const line = clipColumns(ink.safe(found.line.trim()), ink.width - 6 - found.program.length, ink.glyphs.ellipsis);
  const hidden = found.causes.length - causes.length + found.next.length - steps.length;
  return page([
    [
      ...toRow(
        [{ text: CONDITION_WORDS[found.condition], paint: ink.style.alarm }, { text: PHASE_WORDS[found.phase] }],
        {
          width: ink.width,
          first: '',
          rest: '    ',
        },
      ),
      `    ${ink.style.faint(`${found.program}: ${line}`)}`,
    ],
    [
      ...field('what', found.what, ink),
      ...field('doubt', found.doubt, ink),
      ...field('cleared', found.cleared, ink),
      ...field('retry', RETRY_WORDS[found.retry], ink),
    ],
    rows(
      'why',
      causes.map(({ id, why }) => [id, why]),
      ink,
    ),
    stepsOf('next', steps, ink),
    [
      ...field('certain', found.certain, ink),
      ...(all && found.also.length > 0
        ? field(
            'also',
            found.also.map((other) => `line ${other.lineNumber}: ${other.pattern} (${other.condition})`).join('; '),
            ink,
          )
        : []),
      ...(all ? field('source', found.sources.join('; '), ink) : []),
      ...toParagraph(`pattern ${found.pattern}${hidden > 0 ? `; -v shows ${hidden} more causes and commands` : ''}`, {
        width: ink.width,
        first: '    ',
        rest: '    ',
        paint: ink.style.faint,
      }),
    ],
  ]);
}

/** What docs/causes says of one cause. */
export function renderCause(cause: Cause | SilenceCause, options: ExplainTextOptions = {}): string {
  const ink = toInk(options);
  const { docs } = cause;
  return page([
    [`${ink.style.strong(cause.id)}: ${ink.safe(cause.title)}`],
    [
      ...field('what', docs.what, ink),
      ...field('why', docs.why, ink),
      ...field('who', cause.who, ink),
      ...field('needs', cause.requires.join('; '), ink),
      ...field('settles', cause.uses.join('; '), ink),
    ],
    rows(
      'unlike',
      docs.tellApart.map(({ from, how }) => [from, how]),
      ink,
    ),
    field('source', docs.sources.join('; '), ink),
  ]);
}

/** The guide's answer to one question. */
export function renderTopic(topic: Topic, options: ExplainTextOptions = {}): string {
  const ink = toInk(options);
  const margins = { width: ink.width, first: '    ', rest: '    ' };
  return page([
    [ink.style.strong(ink.safe(topic.title))],
    ...topic.answer.map((text) => toParagraph(ink.safe(text), margins)),
    topic.commands.map((command) => `    ${ink.style.strong(ink.safe(command))}`),
    [
      ...field('see', topic.see.map((id) => `firsthand explain ${id}`).join(', '), ink),
      ...field('source', topic.sources.join('; '), ink),
    ],
  ]);
}

function page(sections: readonly (readonly string[])[]): string {
  const texts = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'));
  return `${texts.join('\n\n')}\n`;
}

function field(label: string, text: string, ink: Ink): string[] {
  if (text === '') return [];
  return labelled(label, toParagraph(ink.safe(text), { width: ink.width - 12, first: '', rest: '' }), ink);
}

/** Names in one column, their texts hanging beside them. */
function rows(label: string, entries: readonly (readonly [name: string, text: string])[], ink: Ink): string[] {
  const columns = Math.max(0, ...entries.map(([name]) => name.length));
  const rest = ' '.repeat(columns + 2);
  const lines = entries.flatMap(([name, text]) =>
    toParagraph(ink.safe(text), { width: ink.width - 12, first: `${padColumns(name, columns)}  `, rest }),
  );
  return labelled(label, lines, ink);
}

function stepsOf(label: string, steps: readonly Step[], ink: Ink): string[] {
  const lines = steps.flatMap(({ text, command }) => [
    ...toParagraph(ink.safe(text), {
      width: ink.width - 12,
      first: `${ink.glyphs.bullet} `,
      rest: '  ',
      paint: ink.style.remedy,
    }),
    `  ${ink.style.strong(ink.safe(command))}`,
  ]);
  return labelled(label, lines, ink);
}

function labelled(label: string, lines: readonly string[], ink: Ink, paint: Paint = ink.style.faint): string[] {
  return lines.map(
    (line, at) => `    ${at === 0 ? paint(label.padEnd(LABEL_COLUMNS)) : ' '.repeat(LABEL_COLUMNS)}${line}`,
  );
}
