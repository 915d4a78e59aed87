/** One report on several captures of the same traffic: each connection once, with what every place saw of it. */
import { buildPopulation } from '../evidence/population.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { Mark } from '../flow/marks.ts';
import type { Trace } from '../flow/trace.ts';
import type { Clock } from '../vantage/align-clocks.ts';
import type { Joined, Shared } from '../vantage/joined.ts';
import { nameOfRow } from '../vantage/shared-rows.ts';
import { buildReset, buildSilence, tupleFilter, type JudgedReset, type JudgedSilence } from './build.ts';
import { absenceOf, silenceWithAbsence, withAbsence } from './joint-absent.ts';
import { jointReset } from './joint-reset.ts';
import { jointSilence } from './joint-silence.ts';
import { countCauses, type Reading, type ReadingParts } from './reading.ts';
import { tellStories } from './stories.ts';
import type { Input, Report, Reset, SenderCount } from './types.ts';
import { toCount } from './words.ts';

/** A capture that was read, with what a report would be made of. */
export interface JointCapture {
  readonly reading: Reading;
  readonly parts: ReadingParts;
}

/** What was kept of the connections that several captures show, by row. */
export type KeptMarks = Map<number, { readonly marks: readonly Mark[]; readonly trace: Trace }>;

/** The captures as the entries of a report name them. */
export interface Captures {
  readonly list: readonly JointCapture[];
  readonly kept: readonly KeptMarks[];
  /** `server.pcap`. */
  readonly nameOf: (input: number) => string;
  /** Names of rows that another capture shows, too, though what it saw was not looked at. */
  readonly uncompared: ReadonlySet<string>;
}

export interface JointDetails {
  readonly kept: readonly KeptMarks[];
  /** Rows that show a connection that another capture's row shows, too. */
  readonly repeats: number;
  /** Names of rows that are told of as one capture shows them, although another one shows the same connection. */
  readonly uncompared: ReadonlySet<string>;
  readonly version: string;
}

/** The report; captures are numbered as they were named. */
export function jointReport(
  list: readonly JointCapture[],
  { shared, clocks }: Joined,
  { kept, repeats, uncompared, version }: JointDetails,
): Report {
  const nameOf = (input: number): string => fileName(list[input]!.parts.input.path);
  const captures: Captures = { list, kept, nameOf, uncompared };
  const { resets, silences, stories } = judgeAll(captures, shared);
  const sum = (count: (capture: JointCapture) => number): number => list.reduce((all, one) => all + count(one), 0);
  return {
    schemaVersion: 1,
    tool: { name: 'firsthand', version },
    inputs: list.map(({ parts }, input) =>
      noted(parts.input, [...clockNotes(clocks, input, captures), ...uncomparedNotes(uncompared, input)]),
    ),
    summary: {
      packets: sum(({ parts }) => parts.input.packets),
      tcpPackets: sum(({ reading }) => reading.flows.tcpPackets),
      connections: sum(({ reading }) => reading.flows.table.count) - repeats,
      resets: resets.length + sum(({ parts }) => parts.moreResets),
      rstPackets: sum(({ reading }) => reading.flows.rstPackets),
      senders: countSenders(resets),
      causes: countCauses(resets),
    },
    stories,
    resets,
    silences,
  };
}

/** Every connection once, in the order of time; stories are told with the population of the capture that shows most. */
function judgeAll(captures: Captures, shared: readonly Shared[]): Pick<Report, 'resets' | 'silences' | 'stories'> {
  const { list } = captures;
  const groupOf = new Map<string, Shared>();
  for (const group of shared) for (const sighting of group.sightings) groupOf.set(nameOfRow(sighting), group);
  const sharedOf = (ref: { input: number; row: number }): Shared | undefined => groupOf.get(nameOfRow(ref));
  const withRst = new Set(list.flatMap(({ parts }) => parts.resets.map((facts) => sharedOf(facts))));

  const populations = list.map(({ reading: { flows }, parts }) =>
    buildPopulation(flows.table, parts.resets, flows.lastNs, parts.silences),
  );
  const resets = byTime(entriesOf(list, sharedOf)).map((entry, i): JudgedReset => {
    const id = `r${i + 1}`;
    const { group } = entry;
    if (group === undefined) {
      const [facts] = entry.facts;
      const absence = absenceOf(facts!, shared, captures);
      const elsewhere = absence === null ? undefined : withAbsence(facts!, absence);
      return buildReset(id, facts!, populations[facts!.input]!, elsewhere);
    }
    return jointReset(id, group, entry.facts, populations, captures);
  });
  const silences: JudgedSilence[] = [];
  const told = new Set<Shared>();
  for (const one of byTime(list.flatMap(({ parts }) => parts.silences.map((facts) => ({ facts: [facts] }))))) {
    const facts = one.facts[0]!;
    const group = sharedOf(facts);
    if (group !== undefined && (withRst.has(group) || told.has(group))) continue;
    const built = buildSilence(`s${silences.length + 1}`, facts, populations[facts.input]!);
    if (built === null) continue;
    if (group !== undefined) told.add(group);
    if (group !== undefined) silences.push(jointSilence(built, group, captures));
    else {
      const absence = absenceOf(facts, shared, captures);
      silences.push(absence === null ? built : silenceWithAbsence(built, absence));
    }
  }
  const stories = populations.flatMap((population, input) =>
    tellStories(
      resets.filter(({ facts }) => facts.input === input),
      silences.filter(({ facts }) => facts.input === input),
      population,
    ),
  );
  return {
    // A frame's number holds for one of the files only.
    resets: resets.map(({ facts, reset }) => ({ ...reset, displayFilter: tupleFilter(facts) })),
    silences: silences.map(({ facts, silence }) => ({ ...silence, displayFilter: tupleFilter(facts) })),
    stories,
  };
}

interface Entry {
  readonly facts: ResetFacts[];
  readonly group: Shared | undefined;
}

/** The connections with a RST in any capture, with the facts of each capture that shows one. */
function entriesOf(
  list: readonly JointCapture[],
  sharedOf: (ref: { input: number; row: number }) => Shared | undefined,
): Entry[] {
  const entries: Entry[] = [];
  const known = new Map<Shared, Entry>();
  for (const { parts } of list) {
    for (const facts of parts.resets) {
      const group = sharedOf(facts);
      const before = group === undefined ? undefined : known.get(group);
      if (before !== undefined) {
        before.facts.push(facts);
        continue;
      }
      const entry: Entry = { facts: [facts], group };
      entries.push(entry);
      if (group !== undefined) known.set(group, entry);
    }
  }
  return entries;
}

interface Timed {
  readonly facts: readonly { readonly baseSeconds: number; readonly firstNs: number }[];
}

function byTime<One extends Timed>(entries: readonly One[]): One[] {
  const begin = ({ facts }: One): number => facts[0]!.baseSeconds + facts[0]!.firstNs / 1e9;
  return [...entries].sort((a, b) => begin(a) - begin(b));
}

function countSenders(resets: readonly Reset[]): SenderCount[] {
  const counts = new Map<string, { -readonly [Key in keyof SenderCount]: SenderCount[Key] }>();
  for (const { connection, rsts, sender } of resets) {
    for (const side of ['client', 'server'] as const) {
      const rstPackets = rsts.filter(({ from, sameAs }) => from === side && sameAs === undefined).length;
      if (rstPackets === 0) continue;
      const { address, name } = connection[side];
      const role = sender.side === side && sender.actor !== 'middlebox' ? sender.role : side;
      const count = counts.get(address) ?? { address, rstPackets: 0, connections: 0, role };
      counts.set(address, count);
      count.rstPackets += rstPackets;
      count.connections++;
      if (name !== undefined) count.name = name;
      if (count.role !== role) count.role = 'unknown';
    }
  }
  return [...counts.values()].sort((a, b) => b.rstPackets - a.rstPackets);
}

function noted(input: Input, notes: readonly string[]): Input {
  return notes.length === 0 ? input : { ...input, notes: [...(input.notes ?? []), ...notes] };
}

function clockNotes(clocks: readonly Clock[], input: number, { nameOf }: Captures): string[] {
  return clocks
    .filter((clock) => clock.input === input)
    .map(({ offsetNs, errorNs, driftPpm, against, crossings }) => {
      const way = offsetNs < 0 ? 'behind' : 'ahead of';
      const drift = driftPpm === 0 ? '' : `, gaining ${driftPpm.toFixed(1)} ppm`;
      return `its clock is ${spanOf(Math.abs(offsetNs))} ${way} that of ${nameOf(against)} (±${spanOf(errorNs)}${drift}; by ${toCount(crossings, 'segment')} that both show)`;
    });
}

function uncomparedNotes(uncompared: ReadonlySet<string>, input: number): string[] {
  const count = [...uncompared].filter((name) => name.startsWith(`${input} `)).length;
  if (count === 0) return [];
  const [are, them] = count === 1 ? ['is', 'it'] : ['are', 'them'];
  return [
    `${toCount(count, 'connection')} that another capture shows, too, ${are} told as this one alone shows ${them}, to stay within memory`,
  ];
}

function spanOf(ns: number): string {
  if (ns < 1e6) return `${Math.round(ns / 1e3)} µs`;
  return ns < 1e9 ? `${(ns / 1e6).toFixed(3)} ms` : `${(ns / 1e9).toFixed(6)} s`;
}

function fileName(path: string): string {
  return path.split('/').at(-1) ?? path;
}
