/** What was done, and what is concluded from each place, line under line. */
import { padColumns, toColumns, toParagraph } from '../src/report/flow-text.ts';
import type { Style } from '../src/report/ink.ts';
import type { Report, Reset, Silence } from '../src/report/types.ts';
import type { Truth } from './scenario.ts';

/** What is read of one capture, or of all of them together. */
export interface View {
  readonly place: string;
  readonly truth: Truth;
  /** Seen from several places at once: what is true at each of them, and a verdict may be any of it. */
  readonly truths?: readonly Truth[];
  readonly report: Report;
}

interface Row {
  readonly place: string;
  readonly who: string;
  readonly why: string;
  readonly isTruth: boolean;
}

/** How a verdict stands to the truth. */
type Standing = 'right' | 'among' | 'open' | 'other';

const INDENT = '  ';
const GAP = '  ';
const MAX_WHO = 34;
const WHO = 'who sent the RST';

/** The table; where a place sees another truth, that truth stands above its verdict. Below it how they compare. */
export function renderComparison(truth: Truth, views: readonly View[], width: number, style: Style): string {
  const rows: Row[] = [truthRow('truth', truth)];
  for (const { place, truth: own, report } of views) {
    if (own !== truth) rows.push(truthRow(`truth ${place}`, own));
    rows.push(...verdictRows(place, report, own));
  }
  const placeColumns = Math.max(...rows.map(({ place }) => toColumns(place)));
  const whoColumns = Math.min(MAX_WHO, Math.max(...[WHO, ...rows.map(({ who }) => who)].map(toColumns)));
  const whyColumns = width - INDENT.length - placeColumns - whoColumns - 2 * GAP.length;
  const toLines = ({ place, who, why, isTruth }: Row): string[] => {
    const paint = isTruth ? style.strong : String;
    const left = toCell(who, whoColumns);
    const right = toCell(why, whyColumns);
    return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
      const cells = [
        padColumns(at === 0 ? place : '', placeColumns),
        padColumns(left[at] ?? '', whoColumns),
        right[at] ?? '',
      ];
      return INDENT + paint(cells.join(GAP).trimEnd());
    });
  };
  const head = [padColumns('', placeColumns), padColumns(WHO, whoColumns), 'why'];
  const lines = [INDENT + style.faint(head.join(GAP)), ...rows.flatMap(toLines), ...standings(views, width)];
  return `${lines.join('\n')}\n`;
}

function toCell(text: string, columns: number): string[] {
  return toParagraph(text, { width: columns, first: '', rest: '' });
}

function truthRow(place: string, { earlier = [], ...last }: Truth): Row {
  const all = [...earlier, last];
  const each = (pick: (truth: Omit<Truth, 'earlier'>) => string): string => [...new Set(all.map(pick))].join(', then ');
  return { place, who: each(truthWho), why: each(({ cause }) => cause ?? 'nothing went wrong'), isTruth: true };
}

function truthWho({ sender, actor, mechanism }: Omit<Truth, 'earlier'>): string {
  if (sender === null) return 'nobody';
  const isMiddlebox = actor === 'middlebox' || mechanism === 'forged' || mechanism === 'in-path-answer';
  return isMiddlebox && actor !== 'endpoint' ? `a middlebox, as the ${sender}` : `the ${sender}`;
}

function verdictRows(place: string, { resets, silences }: Report, truth: Truth): Row[] {
  const counted = new Map<string, { row: Row; times: number }>();
  for (const row of [...resets.map((reset) => resetRow(reset, truth)), ...silences.map(silenceRow)]) {
    const key = `${row.who} ${row.why}`;
    counted.set(key, { row, times: (counted.get(key)?.times ?? 0) + 1 });
  }
  if (counted.size === 0) return [{ place, who: 'nobody', why: 'nothing went wrong', isTruth: false }];
  return [...counted.values()].map(({ row, times }, at) => ({
    ...row,
    place: at === 0 ? place : '',
    why: times === 1 ? row.why : `${row.why} (${times} times)`,
  }));
}

function resetRow({ sender, cause, alternatives }: Reset, truth: Truth): Row {
  const who = sender.actor === 'middlebox' ? `a middlebox, as the ${sender.side}` : `the ${sender.side}`;
  const others = (cause.group ?? []).filter((id) => id !== cause.id);
  const named = others.filter((id) => id === truth.cause);
  const unnamed = others.length - named.length;
  const more = unnamed === 0 ? [] : [`${unnamed} ${unnamed === 1 ? 'other' : 'others'} of the same bytes`];
  const ofGroup = alternatives.filter(({ id }) => others.includes(id));
  const confidence = ofGroup.reduce((sum, other) => sum + other.confidence, cause.confidence);
  return {
    place: '',
    who: `${who}: ${howSure(sender)}`,
    why: `${toAlternatives([cause.id, ...named, ...more])}: ${howSure({ level: cause.level, confidence })}`,
    isTruth: false,
  };
}

function silenceRow({ cause }: Silence): Row {
  return { place: '', who: 'nobody', why: `${cause.id}: ${howSure(cause)}`, isTruth: false };
}

function toAlternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function howSure({ level, confidence }: { readonly level: string; readonly confidence: number }): string {
  return level === 'proof' ? level : `${level} ${Math.round(confidence * 100)}%`;
}

const STANDINGS: Readonly<Record<Standing, string>> = {
  right: 'The verdict is right',
  among: 'The truth is among the causes named, which leave the same bytes',
  open: 'The verdict leaves it open',
  other: 'The verdict is not the truth',
};

/** One sentence for each way in which verdicts stand to the truth, with the places where they do. */
function standings(views: readonly View[], width: number): string[] {
  return (Object.keys(STANDINGS) as Standing[]).flatMap((standing) => {
    const at = views.filter((view) => toStanding(view) === standing).map(({ place }) => place);
    if (at.length === 0) return [];
    const where = views.length === 1 ? '' : `: ${at.join(', ')}`;
    return toParagraph(`${STANDINGS[standing]}${where}.`, { width, first: INDENT, rest: INDENT + INDENT });
  });
}

/** The worst of its verdicts, each held against the truth that fits it best. */
function toStanding({ truth, truths: seen = [], report: { resets, silences } }: View): Standing {
  const truths = [truth, ...seen].flatMap((one) => [...(one.earlier ?? []), one]);
  const verdicts = [
    ...resets.map(({ sender, cause }) => ({ side: sender.side as Truth['sender'], cause })),
    ...silences.map(({ cause }) => ({ side: null as Truth['sender'], cause })),
  ];
  if (verdicts.length === 0) return truth.sender === null && truth.cause === null ? 'right' : 'open';
  const order = Object.keys(STANDINGS) as Standing[];
  const worst = verdicts.map(({ side, cause }) =>
    Math.min(...truths.map((one) => order.indexOf(standingOf(side, cause, one)))),
  );
  return order[Math.max(...worst)]!;
}

function standingOf(side: Truth['sender'], cause: Reset['cause'] | Silence['cause'], truth: Truth): Standing {
  const named = [cause.id, ...(cause.group ?? [])];
  if (named.includes(truth.cause as never)) {
    if (side !== truth.sender) return 'other';
    return named.every((id) => id === truth.cause) ? 'right' : 'among';
  }
  return cause.id === 'unknown' ? 'open' : 'other';
}
