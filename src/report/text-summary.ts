/** The first screen: one verdict, the table of senders, what is to be known about the inputs. */
import { clipColumns, padColumns, toColumns, toParagraph } from './flow-text.ts';
import { groupBy } from './group-by.ts';
import type { Ink } from './ink.ts';
import { isAfterClose, isIgnored, isRefused, toSocket, toSubject } from './text-names.ts';
import { BECAUSE, toCount, toReason, toTwins } from './words.ts';
import type { Input, Report, Reset, Summary } from './types.ts';

/** A name longer than this is clipped in the table. */
const NAME_COLUMNS = 24;

/** The verdict in one sentence or two. */
export function renderVerdict(report: Report, ink: Ink): string[] {
  const margins = { width: ink.width, first: '', rest: '  ', paint: ink.style.strong };
  return toParagraph(toVerdict(report, ink), margins);
}

/** Source address, role or name, RST packets, connections: what `tcpdump | awk | sort | uniq -c` gives, and who it is. */
export function renderSenders({ summary: { senders }, resets }: Report, ink: Ink, most: number = Infinity): string[] {
  if (senders.length === 0) return [];
  const shown = senders.toSorted((a, b) => b.rstPackets - a.rstPackets).slice(0, most);
  const rows = shown.map(({ address, role, name, rstPackets, connections }) => [
    ink.safe(address),
    role === 'unknown' ? '' : role,
    clipColumns(ink.safe(name ?? ''), NAME_COLUMNS, ink.glyphs.ellipsis),
    toCount(rstPackets, 'RST'),
    toCount(connections, 'connection'),
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => toColumns(row[column] ?? ''))));
  const lines = rows.map(([address = '', role = '', name = '', rsts = '', connections = '']) => {
    const who = [role, name].map((text, at) =>
      (widths[at + 1] ?? 0) > 0 ? `  ${padColumns(text, widths[at + 1] ?? 0)}` : '',
    );
    const counts = `  ${rsts.padStart(widths[3] ?? 0)}  ${connections.padStart(widths[4] ?? 0)}`;
    return `  ${ink.style.alarm(padColumns(address, widths[0] ?? 0))}${who.join('')}${counts}`;
  });
  const left = senders.length - shown.length;
  if (left > 0) {
    const rsts = senders.reduce((sum, { rstPackets }) => sum + rstPackets, 0);
    const shownRsts = shown.reduce((sum, { rstPackets }) => sum + rstPackets, 0);
    const rest = `${toCount(left, 'more address', 'more addresses')} with ${toCount(rsts - shownRsts, 'RST')}`;
    lines.push(`  ${ink.style.faint(`${ink.glyphs.ellipsis} ${rest}; -v lists all`)}`);
  }
  // Counted by source address, which is not the sender's where somebody else sent them.
  const borrowed = resets.some(({ rsts }) => rsts.some(({ actor }) => actor === 'middlebox'));
  return [ink.style.strong(borrowed ? 'RSTs by the address they bear' : 'Who sent the RSTs'), ...lines];
}

/** One line per input: what it is, and where it is cut, damaged or not understood. */
export function renderInputs(inputs: readonly Input[], ink: Ink): string[] {
  return inputs.flatMap((input) => {
    const { path, format, linkType, packets, truncated, damage, strategy, undecoded, notes } = input;
    const [first] = damage;
    const facts = [
      `${format}, ${linkType}, ${toCount(packets, 'packet')}, read in ${strategy === 'two-pass' ? 'two passes' : 'one pass'}`,
      truncated > 0 ? `${toCount(truncated, 'packet')} cut by the snap length` : '',
      first ? `${toDamage(damage.length)} (offset ${first.offset}: ${first.what})` : '',
      ...Object.entries(undecoded ?? {}).map(([name, frames]) => `${toCount(frames, 'frame')} of ${name} not decoded`),
      ...(notes ?? []),
    ].filter(Boolean);
    const text = ink.safe(`${path}: ${facts.join('; ')}`);
    return toParagraph(text, { width: ink.width, first: '', rest: '  ', paint: ink.style.faint });
  });
}

function toDamage(places: number): string {
  return places === 1 ? 'damaged in one place' : `damaged in ${places} places`;
}

function toVerdict(report: Report, ink: Ink): string {
  const { summary, resets } = report;
  if (summary.packets === 0) return 'No packets in this capture.';
  if (summary.tcpPackets === 0)
    return `No TCP in this capture: none of its ${toCount(summary.packets, 'packet')} carries any.`;
  if (resets.length === 0) return toQuietVerdict(report);
  const late = resets.filter(isAfterClose).length;
  const ignored = resets.filter(isIgnored).length;
  const refused = resets.filter((reset) => isRefused(reset) && !isIgnored(reset)).length;
  const cut = resets.length - refused - ignored;
  const counts = [
    cut > 0 ? `${cut.toLocaleString('en-US')} reset` : '',
    refused > 0 ? `${refused.toLocaleString('en-US')} refused` : '',
    late > 0 ? `${late.toLocaleString('en-US')} got a RST after both sides had closed` : '',
    ignored > late ? `${(ignored - late).toLocaleString('en-US')} got a RST and ignored it` : '',
  ].filter(Boolean);
  const one = resets.length === 1 && summary.connections <= 1;
  const total = toCount(Math.max(summary.connections, resets.length), 'connection');
  const link = resets.length > 1 ? '. ' : ignored > 0 ? ': sent ' : ' ';
  const silent =
    report.silences.length > 0 ? ` ${report.silences.length.toLocaleString('en-US')} more went silent.` : '';
  return `${total}, ${one ? counts.join('').replace('1 ', '') : counts.join(', ')}${link}${toBlame(resets, ink)}${silent}`;
}

/** The largest set of resets with one sender and one cause, as a sentence: of those that cost something, if any did. */
function toBlame(resets: readonly Reset[], ink: Ink): string {
  const costly = resets.filter(({ impact }) => impact !== 'none');
  const spoken = costly.length > 0 ? costly : resets;
  const sets = groupBy(spoken, ({ sender, cause }) => `${sender.side} ${sender.actor} ${cause.id}`);
  const largest = [...sets.values()].reduce((best, set) => (set.length > best.length ? set : best));
  const [first] = largest;
  if (!first) return '';
  const { sender, cause } = first;
  const ports = new Set(largest.map(({ sender: { port } }) => port));
  const hosts = new Set(largest.map(({ sender: { address } }) => address));
  const one = ports.size === 1 ? toSocket(sender, ink) : ink.safe(sender.address);
  const where = hosts.size === 1 ? one : `${one} and ${toCount(hosts.size - 1, 'more host')}`;
  const share = toShare(largest.length, resets.length);
  const harmless = resets.length - spoken.length;
  const others = harmless > 0 ? ` ${harmless.toLocaleString('en-US')} cost nothing.` : '';
  if (cause.id === 'unknown') return `${share}${toSubject(first, ink, where)}; ${toReason(cause.id)}.${others}`;
  const why = `${toReason(cause.id)} (${cause.id}${toTwins(cause)})`;
  return `${share}${toSubject(first, ink, where)}, ${BECAUSE[cause.level]} ${why}.${others}`;
}

function toShare(part: number, whole: number): string {
  if (whole === 1) return '';
  if (whole === 2 && part === 2) return 'Both ';
  return part === whole
    ? `All ${whole.toLocaleString('en-US')} `
    : `${part.toLocaleString('en-US')} of ${whole.toLocaleString('en-US')} `;
}

function toQuietVerdict({ summary, silences }: Report): string {
  const parts = [
    ...toEndings(summary),
    ...[...groupBy(silences, ({ cause }) => cause.id)].map(
      ([id, set]) => `${set.length.toLocaleString('en-US')} went silent: ${toReason(id)} (${id})`,
    ),
  ];
  const tail = parts.length > 0 ? `; ${parts.join('; ')}` : '';
  return `No RST in this capture: ${toCount(summary.connections, 'connection')}, none reset or refused${tail}.`;
}

/** Zeek's states without a RST: SF closed by both FINs, S2 and S3 by one, S1 open, S0 without an answer. */
function toEndings({ states = {} }: Summary): string[] {
  const halfClosed = (states['S2'] ?? 0) + (states['S3'] ?? 0);
  return [
    states['SF'] ? `${states['SF'].toLocaleString('en-US')} closed by FIN` : '',
    halfClosed ? `${halfClosed.toLocaleString('en-US')} half closed` : '',
    states['S1'] ? `${states['S1'].toLocaleString('en-US')} still open at the end` : '',
  ].filter(Boolean);
}
