/**
 * Reads one log into a report: lines in any order of time, pieces of any size, bytes of any kind.
 * Memory is bounded by the constants of tally.ts and group.ts, never by the log.
 */
import { INSIDE_OUT_LITERALS, isInsideOut } from '../innermost.ts';
import { toScanner } from '../literals.ts';
import { EVERY_PATTERN } from './default-matcher.ts';
import type { LineMatch } from '../define.ts';
import type { LogInput, LogOptions, LogReader } from './define.ts';
import { createEntries, MAX_ENTRY_LINES } from './entries.ts';
import { toLogReport } from './join.ts';
import { findNearby, NEARBY_LITERALS, type NearbyWording } from './nearby.ts';
import type { LogPart } from './part.ts';
import { createLineScanner } from './scan.ts';
import { emptyTally, tallyFailure, tallyNearby, tallyNormal, tallyStamp, type Tally, toTimesOf } from './tally.ts';
import { readStamp } from './time.ts';
import { toName } from './words.ts';

/** A reader for one log by itself. */
export function createLogReader(options: LogOptions = {}): LogReader {
  const reader = createPartReader(options);
  return { feed: reader.feed, end: () => toLogReport([reader.end()]) };
}

/** One of several logs: `toLogReport` joins the parts. */
export interface PartReader {
  feed(bytes: Uint8Array): void;
  end(): LogPart;
}

/** A reader for one of several logs. */
export function createPartReader(options: LogOptions = {}): PartReader {
  const matcher = options.matcher ?? EVERY_PATTERN;
  const zoneOffsetMin = options.zoneOffsetMin ?? 0;
  const stampOptions = { latestMs: options.latestMs ?? Date.now(), zoneOffsetMin };
  const decoder = new TextDecoder();
  const tally = emptyTally();
  const entries = createEntries((failure) => tallyFailure(tally, failure));

  /** Number of the last line that was decoded and bears a time or a failure. */
  let telling = 0;

  function take(bytes: Uint8Array, number: number, isCandidate: boolean, isSampled: boolean): void {
    const text = decoder.decode(bytes);
    const nearby = isCandidate ? findNearby(text) : null;
    const match = isCandidate ? toFailed(matcher.match(text), nearby) : null;
    if (!isSampled && !match && !nearby && !isInsideOut(text)) return;
    const stamp = readStamp(text, stampOptions);
    if (stamp) tallyStamp(tally, stamp);
    if (match && !stamp && telling < number - 1 && tally.fromMs !== null) addHead(number);
    if (match || stamp) telling = number;
    entries.add({ text, number, stamp, match });
    if (nearby) tallyNearby(tally, nearby, text, stamp, number);
    if (!match && isSampled) tallyNormal(tally, text, stamp);
  }

  /** The line with a time above an error without one, when it was passed over because it holds no literal itself. */
  function addHead(below: number): void {
    const above = decoder.decode(lines.above()).split('\n').slice(0, -1);
    for (let number = below - 1; number > telling && number >= below - MAX_ENTRY_LINES; number--) {
      const text = above.pop();
      if (text === undefined) return;
      if (/^\s|^$/.test(text)) continue;
      const stamp = readStamp(text, stampOptions);
      if (stamp) return entries.add({ text, number, stamp, match: null });
    }
  }

  const literals = new Set([...matcher.literals, ...NEARBY_LITERALS, ...INSIDE_OUT_LITERALS]);
  const lines = createLineScanner(toScanner([...literals]), {
    candidate: (bytes, line, isSampled) => take(bytes, line, true, isSampled),
    sampled: (bytes, line) => take(bytes, line, false, true),
  });
  let bytesRead = 0;
  return {
    feed(bytes) {
      bytesRead += bytes.length;
      lines.feed(bytes);
    },
    end() {
      lines.end();
      entries.end();
      const { recognised, timeless } = tally;
      const [path, damage]: [string, string[]] = [options.path ?? '-', []];
      const { lines: count, cutLines } = lines;
      const times = toTimesOf(tally);
      const input = { path, bytes: bytesRead, lines: count, recognised, cutLines, timeless, ...times, damage };
      return toPart(tally, input, zoneOffsetMin);
    },
  };
}

/** A kill or a restart is no failed connection, even if a pattern knows what it means for connections. */
function toFailed(match: LineMatch | null, nearby: NearbyWording | null): LineMatch | null {
  return nearby && match?.pattern.condition === 'unknown' ? null : match;
}

function toPart(tally: Tally, input: LogInput, zoneOffsetMin: number): LogPart {
  return {
    input,
    groups: [...tally.groups.values()],
    moreGroups: tally.overflowKeys.size,
    moreGroupLines: tally.overflowLines,
    baseline: tally.baseline,
    nearby: tally.nearby.map(({ entry }) => entry),
    moreNearby: tally.moreNearby,
    episodes: tally.episodes.end(),
    notes: toNotes(tally, zoneOffsetMin, input),
  };
}

function toNotes(tally: Tally, zoneOffsetMin: number, input: LogInput): string[] {
  const { cutLines, timeless, recognised } = input;
  const path = toName(input.path);
  const notes: string[] = [];
  if (tally.zoneless) notes.push(`${path}: times without a zone were taken as ${zoneName(zoneOffsetMin)}.`);
  if (tally.yearless) notes.push(`${path}: times without a year were given the latest that is not in the future.`);
  if (timeless > 0) notes.push(`${path}: ${timeless} of ${recognised} failures bear no time that could be read.`);
  if (cutLines > 0) notes.push(`${path}: ${cutLines} lines longer than 64 KiB were read to there.`);
  if (tally.episodes.isFull())
    notes.push(`${path}: the timeline holds only the first episodes; the counts are of all lines.`);
  return notes;
}

function zoneName(offsetMin: number): string {
  if (offsetMin === 0) return 'UTC';
  const size = Math.abs(offsetMin);
  const [hours, minutes] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'));
  return `UTC${offsetMin < 0 ? '-' : '+'}${hours}:${minutes}`;
}
