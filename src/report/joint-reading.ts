/**
 * The reading of several captures of the same traffic into one report, in which what one place saw of a connection is
 * held against what the others did.
 */
import type { CaptureInfo } from '../capture/info.ts';
import type { PassSink } from '../flow/flows.ts';
import { marksOf, type Mark } from '../flow/marks.ts';
import { flagsOf, HAS_RST } from '../flow/table.ts';
import type { Trace } from '../flow/trace.ts';
import { join, type Joined } from '../vantage/joined.ts';
import { nameOfRow, type RowRef, sharedRows, type SharedRows } from '../vantage/shared-rows.ts';
import { turnedPackets, turnedRsts, type Sighting } from '../vantage/sighting.ts';
import { isSilent, MAX_SILENCES } from './followed.ts';
import { jointReport, type KeptMarks } from './joint-report.ts';
import { createReading, type Reading, type ReadingOptions } from './reading.ts';
import type { Report } from './types.ts';

export interface JointReading {
  /** Sink for the first pass over a capture. */
  surveySink(input: number): PassSink;
  /** Looks for connections in common when the first pass over all has ended; false when there are none. */
  link(): boolean;
  /** Sink for its second pass, behind `link`. */
  traceSink(input: number): PassSink;
  /** Captures that show connections in common, directly or over others; when both passes have ended. */
  clusters(): readonly (readonly number[])[];
  /** One report on all of them. */
  report(paths: readonly string[], infos: readonly CaptureInfo[], version: string): Report;
}

/** Up to here all connections are looked for in the other captures; above, those with something to tell. */
const COUNTED = 50_000;
/** Connections without anything to tell that are followed all the same: they show how clocks and places stand. */
const SURVIVORS = 200;
const MAX_COMPARED = 5000;

export interface JointOptions extends Omit<ReadingOptions, 'onReset'> {
  /** Connections of one capture with something to tell that are held against what the others saw of them; default 5000. */
  readonly maxCompared?: number;
}

export function createJointReading(captures: number, options: JointOptions = {}): JointReading {
  const { maxCompared = MAX_COMPARED } = options;
  /** By input and row: what was kept of the connections that others show, too. */
  const kept: KeptMarks[] = Array.from({ length: captures }, () => new Map());
  const linked: Set<number>[] = Array.from({ length: captures }, () => new Set());
  const readings: Reading[] = Array.from({ length: captures }, (_, input) =>
    createReading({
      ...options,
      input,
      onTrace(trace) {
        if (linked[input]!.has(trace.row)) kept[input]!.set(trace.row, keep(readings[input]!, trace));
      },
    }),
  );
  let groups: readonly SharedRows[] = [];
  let repeats = 0;
  const uncompared = new Set<string>();

  /** Looks for the connections worth telling of in the other captures, and has pass two follow them there as well. */
  const link = (): boolean => {
    const isFew = readings.reduce((sum, { flows }) => sum + flows.table.count, 0) <= COUNTED;
    const rows = readings.map((reading) => reading.chooseRows());
    const wanted = readings.map((reading, input) => worthTelling(reading, rows[input]!, maxCompared));
    const isWanted = ({ input, row }: RowRef): boolean => wanted[input]!.has(row);
    const all = sharedRows(
      readings.map(({ flows }) => flows.table),
      (input, row) => rows[input]![row] === 1 || isFew,
    );
    repeats = all.reduce((sum, group) => sum + group.length - 1, 0);
    const isCompared = (group: SharedRows, at: number): boolean => at < SURVIVORS || group.some(isWanted);
    groups = all.filter(isCompared);
    for (const [at, group] of all.entries()) {
      if (isCompared(group, at)) continue;
      const told = tellOnce(group, readings, rows);
      if (told !== undefined) uncompared.add(nameOfRow(told));
    }
    for (const group of groups) {
      for (const { input, row } of group) {
        linked[input]!.add(row);
        rows[input]![row] = 1;
      }
    }
    return groups.length > 0;
  };

  let together: Joined | undefined;
  const joined = (): Joined => (together ??= join(groups.map((group) => sightingsOf(group, readings, kept))));

  return {
    surveySink: (input) => readings[input]!.surveySink,
    link,
    traceSink: (input) => readings[input]!.traceSink(),
    clusters: () =>
      clustersOf(
        captures,
        joined().shared.map(({ sightings }) => sightings.map(({ input }) => input)),
      ),
    report: (paths, infos, version) =>
      jointReport(
        readings.map((reading, input) => ({
          reading,
          parts: reading.finish(paths[input]!, infos[input]!, 'two-pass'),
        })),
        joined(),
        { kept, repeats, uncompared, version },
      ),
  };
}

function worthTelling({ flows }: Reading, rows: Uint8Array, max: number): Set<number> {
  const wanted = new Set<number>();
  let silences = 0;
  for (let row = 0; row < flows.table.count && wanted.size < max; row++) {
    if (rows[row] === 0) continue;
    if (flagsOf(flows.table, row) & HAS_RST) wanted.add(row);
    else if (isSilent(flows, row) && silences++ < MAX_SILENCES) wanted.add(row);
  }
  return wanted;
}

/** Chooses of several captures' rows for one connection the one that is told of; undefined when none is. */
function tellOnce(group: SharedRows, readings: readonly Reading[], rows: readonly Uint8Array[]): RowRef | undefined {
  const chosen = group.filter(({ input, row }) => rows[input]![row] === 1);
  const told = chosen.find(({ input, row }) => flagsOf(readings[input]!.flows.table, row) & HAS_RST) ?? chosen[0];
  for (const { input, row } of chosen) if (input !== told!.input) rows[input]![row] = 0;
  return told;
}

function keep({ flows }: Reading, trace: Trace): { readonly marks: readonly Mark[]; readonly trace: Trace } {
  return { marks: marksOf(trace, flows.store), trace };
}

function sightingsOf(group: SharedRows, readings: readonly Reading[], kept: readonly KeptMarks[]): Sighting[] {
  const sightings: Sighting[] = [];
  for (const { input, row, side0 } of group) {
    const known = kept[input]!.get(row);
    if (known === undefined) continue;
    const { flows } = readings[input]!;
    const { marks, trace } = known;
    const gap = marks.findIndex(({ missing }) => missing > 0);
    sightings.push({
      input,
      row,
      side0,
      packets: turnedPackets(
        marks.map(({ packet }) => packet),
        side0,
      ),
      missing: trace.dropped,
      tailFrom: Math.max(0, gap),
      rsts: turnedRsts(trace.rsts, side0),
      baseSeconds: flows.baseSeconds,
      beginsNs: flows.table.firstNs[0] ?? flows.lastNs,
      endsNs: flows.lastNs,
    });
  }
  return sightings;
}

/** In the order of their first. */
function clustersOf(captures: number, shared: readonly (readonly number[])[]): number[][] {
  const leader = Array.from({ length: captures }, (_, input) => input);
  for (const inputs of shared) {
    const leaders = inputs.map((input) => leader[input]!);
    const first = Math.min(...leaders);
    for (const [input, of] of leader.entries()) if (leaders.includes(of)) leader[input] = first;
  }
  return [...leader.keys()]
    .filter((input) => leader[input] === input)
    .map((first) => [...leader.keys()].filter((input) => leader[input] === first));
}
