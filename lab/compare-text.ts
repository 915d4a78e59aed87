/** What was done, and what is concluded from each place, line under line. */
import { padColumns } from '../src/report/flow-text.ts';
import type { Style } from '../src/report/ink.ts';
import type { Report, Reset, Silence } from '../src/report/types.ts';
import type { Truth } from './scenario.ts';

/** What is read of one capture, or of all of them together. */
export interface View {
  readonly place: string;
  readonly truth: Truth;
  readonly report: Report;
}

type Row = readonly [place: string, sender: string, mechanism: string, cause: string];

/** The table; where a place sees another truth, that truth stands above its verdict. */
export function renderComparison(truth: Truth, views: readonly View[], style: Style): string {
  const rows: Row[] = [['', 'sender', 'mechanism', 'cause'], truthRow('done', truth)];
  for (const { place, truth: own, report } of views) {
    if (own !== truth) rows.push(truthRow(`done, ${place}`, own));
    rows.push(...verdictRows(place, report, own));
  }
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row, at) => {
      const line = row.map((cell, column) => padColumns(cell, widths[column] ?? 0)).join('  ');
      const paint = at === 0 ? style.faint : row[0].startsWith('done') ? style.strong : String;
      return `  ${paint(line.trimEnd())}\n`;
    })
    .join('');
}

function truthRow(place: string, { earlier = [], ...last }: Truth): Row {
  const all = [...earlier, last];
  const each = (pick: (truth: Omit<Truth, 'earlier'>) => string | null): string =>
    [...new Set(all.map((truth) => pick(truth) ?? 'none'))].join(', then ');
  return [place, each(({ sender }) => sender), each(({ mechanism }) => mechanism), each(({ cause }) => cause)];
}

function verdictRows(place: string, { resets, silences }: Report, truth: Truth): Row[] {
  const counted = new Map<string, { row: Row; times: number }>();
  for (const row of [...resets.map((reset) => resetRow(reset, truth)), ...silences.map((one) => silenceRow(one))]) {
    const key = row.slice(1).join();
    counted.set(key, { row, times: (counted.get(key)?.times ?? 0) + 1 });
  }
  if (counted.size === 0) return [[place, 'none', 'none', 'none']];
  return [...counted.values()].map(({ row: [, sender, mechanism, cause], times }, at) => [
    at === 0 ? place : '',
    sender,
    mechanism,
    times === 1 ? cause : `${cause} (${times} times)`,
  ]);
}

function resetRow({ sender, mechanism, cause, alternatives }: Reset, truth: Truth): Row {
  const who = sender.actor === 'middlebox' ? `middlebox as ${sender.side}` : sender.side;
  const others = (cause.group ?? []).filter((id) => id !== cause.id);
  const open = others.includes(truth.cause as never) ? `, or ${truth.cause}` : '';
  const more = others.length > (open === '' ? 0 : 1) ? ' or others of the same bytes' : '';
  const ofGroup = alternatives.filter(({ id }) => others.includes(id));
  const confidence = ofGroup.reduce((sum, other) => sum + other.confidence, cause.confidence);
  const sure = howSure({ level: cause.level, confidence });
  return ['', `${who}, ${howSure(sender)}`, mechanism, `${cause.id}${open}${more}, ${sure}`];
}

function silenceRow({ cause }: Silence): Row {
  return ['', 'none', 'none', `${cause.id}, ${howSure(cause)}`];
}

function howSure({ level, confidence }: { readonly level: string; readonly confidence: number }): string {
  return level === 'proof' ? level : `${level} ${Math.round(confidence * 100)}%`;
}
