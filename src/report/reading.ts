/**
 * The reading of one capture, from packets to report. Pure of I/O: whoever has the bytes drives it, a file with two
 * passes (`surveySink`, then `traceSink`), a stream with one (`streamSink`).
 */
import type { CaptureInfo } from '../capture/info.ts';
import type { PacketSink } from '../capture/reader.ts';
import { decisiveRst } from '../causes/effect.ts';
import { resetFacts, rttToSide, silenceFacts, type Derivation } from '../evidence/connection.ts';
import type { ResetFacts, SilenceFacts } from '../evidence/facts.ts';
import { callWitnesses, type HostEvidence } from '../evidence/host/witness.ts';
import { buildPopulation, type Population } from '../evidence/population.ts';
import { createRoleBook, learnRoles, nameHosts, type RoleHint } from '../evidence/roles.ts';
import { countEndings } from '../flow/endings.ts';
import {
  createFlows,
  finishAll,
  streamSink,
  surveySink,
  traceSink,
  type FlowOptions,
  type Flows,
  type PassSink,
} from '../flow/flows.ts';
import type { RecentMarks } from '../flow/marks.ts';
import { hostOf, portOf } from '../flow/table.ts';
import type { Trace } from '../flow/trace.ts';
import { chooseFollowed, isSilent, MAX_RESETS, MAX_SILENCES } from './followed.ts';
import { buildReset, buildSilence, type JudgedReset, type JudgedSilence } from './build.ts';
import { tellStories } from './stories.ts';
import type { Input, Report, Reset, SenderCount } from './types.ts';

export interface ReadingOptions {
  /** Roles and names of hosts that the user knows. */
  readonly roles?: readonly RoleHint[];
  /** Names by address, as from a hosts file. */
  readonly hosts?: ReadonlyMap<string, string>;
  /** List every RST packet of a connection instead of the first 64, and every connection that has one. */
  readonly allRsts?: boolean;
  /** Connections with a RST that are told of one by one, default 20,000; the others are counted. */
  readonly maxResets?: number;
  /** What the hosts recorded beside the capture. */
  readonly host?: HostEvidence;
  /** Number of this capture among those that are read together, default 0. */
  readonly input?: number;
  /** Called with each followed connection before its packets are given back. */
  readonly onTrace?: (trace: Trace) => void;
  /** Called with each reset of a stream as soon as it can be judged; the final report may know more. */
  readonly onReset?: (reset: Reset) => void;
}

export interface Reading {
  readonly surveySink: PassSink;
  readonly streamSink: PacketSink;
  /** Number of the capture among those that are read together. */
  readonly input: number;
  /** Its connections. */
  readonly flows: Flows;
  /** Rows that pass two follows of its own accord, one byte each; to be asked for when the first has ended. */
  chooseRows(): Uint8Array;
  /** Sink for the second pass over those rows. */
  traceSink(): PassSink;
  /** In a stream, judges what has settled by now; `nowSeconds` is the capture's clock, epoch seconds. */
  settle(nowSeconds: number): void;
  report(path: string, info: CaptureInfo, strategy: Input['strategy'], version: string): Report;
  /** What a report would be made of; for a report on several captures. */
  finish(path: string, info: CaptureInfo, strategy: Input['strategy']): ReadingParts;
}

export interface ReadingParts {
  readonly input: Input;
  readonly resets: readonly ResetFacts[];
  readonly silences: readonly SilenceFacts[];
  /** Connections with a RST beyond those. */
  readonly moreResets: number;
}

/** Connections that were counted only. */
interface Untold {
  resets: number;
  silences: number;
}

/** A reset is told when its consequences have had time to follow: later RSTs, challenge ACKs, a sender that talks on. */
const SETTLE_NS = 1e9;

export function createReading(options: ReadingOptions = {}): Reading {
  const flows = createFlows();
  const book = createRoleBook(options.roles ?? [], options.hosts ?? new Map());
  const maxResets = options.allRsts === true ? Number.POSITIVE_INFINITY : (options.maxResets ?? MAX_RESETS);
  const untold: Untold = { resets: 0, silences: 0 };
  const resets: ResetFacts[] = [];
  const silent: SilenceFacts[] = [];
  const recent: RecentMarks = new Map();
  let notedNs = 0;
  const told = new Set<number>();
  const waiting: { row: number; dueNs: number }[] = [];

  const derive = (trace: Trace): Derivation => ({
    trace,
    store: flows.store,
    table: flows.table,
    book,
    recent,
    input: options.input ?? 0,
    baseSeconds: flows.baseSeconds,
  });
  const learn = (trace: Trace): void => {
    const { table } = flows;
    learnRoles(book, trace.exchange, (side) => ({
      host: hostOf(table, trace.row, side),
      port: portOf(table, trace.row, side),
    }));
  };
  const factsOf = (trace: Trace): ResetFacts => {
    learn(trace);
    return resetFacts(
      derive(trace),
      decisiveRst(trace.rsts, { rttMs: rttToSide(trace, flows.table), endNs: flows.lastNs }),
    );
  };
  const flowOptions: FlowOptions = {
    ...(options.allRsts === undefined ? {} : { allRsts: options.allRsts }),
    onTrace(trace) {
      options.onTrace?.(trace);
      if (trace.rsts.length > 0) {
        if (resets.length < maxResets) resets.push(factsOf(trace));
        else untold.resets++;
        return;
      }
      learn(trace);
      if (!isSilent(flows, trace.row)) return;
      if (silent.length < MAX_SILENCES) silent.push(silenceFacts(derive(trace), flows.lastNs));
      else untold.silences++;
    },
  };
  const stream = streamSink(flows, flowOptions);

  const soFar: ResetFacts[] = [];
  let population: Population | null = null;
  const settle = (nowNs: number): void => {
    while (waiting.length > 0 && waiting[0]!.dueNs <= nowNs) {
      const { row } = waiting.shift()!;
      const trace = flows.traces.get(row);
      if (trace === undefined || told.has(row)) continue;
      told.add(row);
      const facts = factsOf(trace);
      // A live capture may go on for weeks: the older half is forgotten.
      if (soFar.length >= maxResets) {
        soFar.splice(0, soFar.length >> 1);
        population = null;
      }
      soFar.push(facts);
      // Built anew when a tenth more is known: a flood of resets must not cost the square of its size.
      if (population === null || soFar.length > population.resets.length * 1.1) {
        population = buildPopulation(flows.table, [...soFar], Math.min(nowNs, flows.lastNs));
      }
      options.onReset?.(buildReset(`r${told.size}`, facts, population).reset);
    }
  };

  let rows: Uint8Array | undefined;
  const chooseRows = (): Uint8Array => {
    if (rows !== undefined) return rows;
    const followed = chooseFollowed(flows, maxResets);
    untold.resets = followed.untoldResets;
    untold.silences = followed.untoldSilences;
    return (rows = followed.rows);
  };
  const finish: Reading['finish'] = (path, info, strategy) => {
    // Before the end takes their traces: the resets of the last second have not been told yet.
    settle(Number.POSITIVE_INFINITY);
    finishAll(flows, flowOptions);
    // A header that names a host may stand in a connection that ended later than the one it is told of.
    for (const facts of [...resets, ...silent]) nameHosts(facts, book, flows.table.hosts);
    const notes = options.host === undefined ? [] : callWitnesses(options.host, resets);
    return {
      input: inputOf(path, info, strategy, flows, untold, notes),
      resets,
      silences: silent,
      moreResets: untold.resets,
    };
  };

  return {
    input: options.input ?? 0,
    flows,
    chooseRows,
    surveySink: surveySink(flows),
    streamSink: {
      packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
        const before = flows.rstPackets;
        stream.packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame);
        if (options.onReset === undefined) return;
        const tNs = (seconds - flows.baseSeconds) * 1e9 + nanos;
        if (flows.rstPackets > before) waiting.push({ row: flows.lastRow, dueNs: tNs + SETTLE_NS });
        if (tNs - notedNs > SETTLE_NS / 10) {
          notedNs = tNs;
          settle(tNs);
        }
      },
    },
    traceSink() {
      const followed = chooseRows();
      return traceSink(flows, (row) => followed[row] === 1, flowOptions);
    },
    settle(nowSeconds) {
      if (!Number.isNaN(flows.baseSeconds)) settle((nowSeconds - flows.baseSeconds) * 1e9);
    },
    report(path, info, strategy, version) {
      const parts = finish(path, info, strategy);
      return assemble(flows, parts.resets, parts.silences, parts.input, version, parts.moreResets);
    },
    finish,
  };
}

function assemble(
  flows: Flows,
  facts: readonly ResetFacts[],
  silent: readonly SilenceFacts[],
  input: Input,
  version: string,
  moreResets: number,
): Report {
  const population: Population = buildPopulation(flows.table, facts, flows.lastNs, silent);
  const ordered = [...facts].sort((a, b) => a.rsts[0]!.packet.frame - b.rsts[0]!.packet.frame);
  const judged: JudgedReset[] = ordered.map((one, i) => buildReset(`r${i + 1}`, one, population));
  const silences: JudgedSilence[] = [];
  for (const one of [...silent].sort((a, b) => a.firstFrame - b.firstFrame)) {
    const built = buildSilence(`s${silences.length + 1}`, one, population);
    if (built !== null) silences.push(built);
  }
  const resets = judged.map(({ reset }) => reset);
  return {
    schemaVersion: 1,
    tool: { name: 'firsthand', version },
    inputs: [input],
    summary: {
      packets: input.packets,
      tcpPackets: flows.tcpPackets,
      connections: flows.table.count,
      resets: resets.length + moreResets,
      rstPackets: flows.rstPackets,
      senders: countSenders(judged),
      causes: countCauses(resets),
      states: countEndings(flows.table),
    },
    stories: tellStories(judged, silences, population),
    resets,
    silences: silences.map(({ silence }) => silence),
  };
}

function inputOf(
  path: string,
  info: CaptureInfo,
  strategy: Input['strategy'],
  flows: Flows,
  untold: Untold,
  fromHost: readonly string[],
): Input {
  const notes: string[] = [...fromHost];
  if (info.moreDamage > 0) notes.push(`${info.moreDamage} more damaged places`);
  if (flows.fragments > 0) notes.push(`${flows.fragments} fragmented packets never became whole`);
  if (flows.cut > 0) notes.push(`${flows.cut} packets were cut before their TCP header`);
  if (flows.folded > 0) notes.push(`${flows.folded} connections without a RST were forgotten to stay within memory`);
  if (untold.resets > 0)
    notes.push(`${untold.resets} more connections had a RST; only the first are told of, --all-rsts tells of all`);
  if (untold.silences > 0) notes.push(`${untold.silences} more connections fell silent; only the first are told of`);
  return {
    path,
    format: info.format,
    linkType: info.linkType,
    packets: info.packets,
    bytes: info.bytes,
    truncated: info.truncated,
    damage: info.damage,
    strategy,
    ...(flows.undecoded.size > 0 ? { undecoded: Object.fromEntries(flows.undecoded) } : {}),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

function countSenders(judged: readonly JudgedReset[]): SenderCount[] {
  const senders = new Map<
    string,
    { rstPackets: number; connections: number; role: SenderCount['role']; name: string }
  >();
  for (const { facts } of judged) {
    for (const side of ['client', 'server'] as const) {
      const listed = facts.rsts.filter((rst) => (rst.packet.side === facts.clientSide) === (side === 'client')).length;
      const rstPackets = listed + facts.moreRsts[side];
      if (rstPackets === 0) continue;
      const host = facts[side];
      const before = senders.get(host.address) ?? { rstPackets: 0, connections: 0, role: host.role, name: host.name };
      senders.set(host.address, {
        rstPackets: before.rstPackets + rstPackets,
        connections: before.connections + 1,
        role: before.role === host.role ? host.role : 'unknown',
        name: before.name || host.name,
      });
    }
  }
  return [...senders]
    .map(([address, { rstPackets, connections, role, name }]) => ({
      address,
      rstPackets,
      connections,
      role,
      ...(name === '' ? {} : { name }),
    }))
    .sort((a, b) => b.rstPackets - a.rstPackets);
}

/** Resets by cause, most first. */
export function countCauses(resets: readonly Reset[]): Report['summary']['causes'] {
  const counts = new Map<Reset['cause']['id'], number>();
  for (const { cause } of resets) counts.set(cause.id, (counts.get(cause.id) ?? 0) + 1);
  return [...counts].map(([id, count]) => ({ id, resets: count })).sort((a, b) => b.resets - a.resets);
}
