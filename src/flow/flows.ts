/**
 * The connections of one capture. A file is read twice: pass one surveys every packet, pass two follows the
 * connections of interest in detail. A stream is read once, following every connection within bounded history.
 */
import { newLayers, TCP, UNDECODED, CUT, type Layers } from '../wire/layers.ts';
import { carrierName } from '../wire/carriers.ts';
import { isPlainTcp, PLAIN_TCP } from '../wire/plain-tcp.ts';
import { flags as readFlags, RST } from '../wire/tcp.ts';
import { newTcpOptions } from '../wire/tcp-options.ts';
import type { PacketSink } from '../capture/reader.ts';
import { encapsulationOf } from './encapsulations.ts';
import { createFragments, locateWhole } from './fragments.ts';
import { createPacketStore, type PacketStore } from './packets.ts';
import { surveyRecords, traceRecords, type RecordScan } from './records.ts';
import { createConnections, flagsOf, HAS_RST, incarnations, lastFrameOf, lookup, type Connections } from './table.ts';
import { createTrace, follow, MAX_RSTS, releasePackets, type FollowContext, type Trace } from './trace.ts';
import { survey, surveyPlain } from './survey.ts';
import { mayBeWanted, wantedTuples } from './wanted.ts';

export interface Flows {
  readonly table: Connections;
  readonly store: PacketStore;
  /** Second that the nanosecond clock of this capture starts at; NaN before the first packet. */
  baseSeconds: number;
  /** Time of the last packet on that clock. */
  readonly lastNs: number;
  /** Row of the last TCP packet. */
  lastRow: number;
  packets: number;
  tcpPackets: number;
  rstPackets: number;
  /** IP packets of which not all fragments were captured, or that contradict themselves. */
  fragments: number;
  /** TCP headers cut by the snap length. */
  cut: number;
  /** Packets by name of the encapsulation that is not decoded. */
  readonly undecoded: Map<string, number>;
  /** Connections whose history was dropped to stay within memory. */
  folded: number;
  readonly traces: Map<number, Trace>;
}

export interface FlowOptions {
  /** List every RST of a connection instead of the first 64. */
  readonly allRsts?: boolean;
  /** Connections followed at once in a stream; default 20,000. */
  readonly maxTraces?: number;
  /** Called as soon as a followed connection can be judged; its packets are given back afterwards. */
  readonly onTrace: (trace: Trace) => void;
}

const DEFAULT_MAX_TRACES = 20_000;

export function createFlows(): Flows {
  const table = createConnections();
  return {
    table,
    store: createPacketStore(),
    baseSeconds: Number.NaN,
    get lastNs() {
      return table.nowNs[0]!;
    },
    lastRow: -1,
    packets: 0,
    tcpPackets: 0,
    rstPackets: 0,
    fragments: 0,
    cut: 0,
    undecoded: new Map(),
    folded: 0,
    traces: new Map(),
  };
}

/** A sink that also takes whole records of a classic pcap at once, which is several times faster. */
export interface PassSink extends PacketSink {
  readonly records: RecordScan;
}

/** Pass one over a file. */
export function surveySink(flows: Flows): PassSink {
  const layers = newLayers();
  const { table } = flows;
  const fragments = createFragments(table.encapsulations);
  const sink: PacketSink = {
    packet(view, start, end, wireLen, linkType, seconds, nanos, _direction, frame) {
      if (isPlainTcp(view, start, end, linkType)) {
        if (flows.packets++ === 0) flows.baseSeconds = seconds;
        flows.tcpPackets++;
        if (view.getUint8(start + PLAIN_TCP + 13) & RST) flows.rstPackets++;
        table.nowNs[0] = (seconds - flows.baseSeconds) * 1e9 + nanos;
        surveyPlain(table, view, start, frame);
        return;
      }
      const outcome = locateWhole(fragments, view, start, end, wireLen, linkType, layers, seconds, nanos);
      flows.fragments = fragments.begun - fragments.completed;
      if (!count(flows, outcome, layers, seconds)) return;
      if (readFlags(fragments.view, layers.tcp) & RST) flows.rstPackets++;
      table.nowNs[0] = (seconds - flows.baseSeconds) * 1e9 + nanos;
      survey(table, fragments.view, layers, frame);
    },
  };
  return { ...sink, records: surveyRecords(flows, sink) };
}

/** Pass two over the same file: follows the rows that `wanted` names. */
export function traceSink(flows: Flows, wanted: (row: number) => boolean, options: FlowOptions): PassSink {
  const layers = newLayers();
  const context = followContext(flows, options);
  const { table } = flows;
  const incarnationAt = incarnations(table);
  const tuples = wantedTuples(table, wanted);
  const fragments = createFragments(table.encapsulations);
  const sink: PacketSink = {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      if (!mayBeWanted(tuples, view, start, end, linkType)) return;
      if (locateWhole(fragments, view, start, end, wireLen, linkType, layers, seconds, nanos) !== TCP) return;
      const bytes = fragments.view;
      const encapsulation = encapsulationOf(table.encapsulations, layers);
      const ports = bytes.getInt32(layers.tcp);
      const at = lookup(table, bytes, layers.src, layers.dst, layers.version, ports, encapsulation);
      const row = incarnationAt(at >> 1, frame);
      if (row < 0 || !wanted(row)) return;
      const tNs = (seconds - flows.baseSeconds) * 1e9 + nanos;
      const trace = traceOf(flows, row, frame, tNs);
      follow(trace, context, bytes, layers, at & 1, frame, tNs, direction || layers.direction);
      if (frame === lastFrameOf(table, row)) finish(flows, trace, options);
    },
  };
  return { ...sink, records: traceRecords(tuples, sink) };
}

/** The only pass over a stream. */
export function streamSink(flows: Flows, options: FlowOptions): PacketSink {
  const layers = newLayers();
  const context = followContext(flows, options);
  const maxTraces = options.maxTraces ?? DEFAULT_MAX_TRACES;
  const fragments = createFragments(flows.table.encapsulations);
  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      const outcome = locateWhole(fragments, view, start, end, wireLen, linkType, layers, seconds, nanos);
      flows.fragments = fragments.begun - fragments.completed;
      if (!count(flows, outcome, layers, seconds)) return;
      if (readFlags(fragments.view, layers.tcp) & RST) flows.rstPackets++;
      const tNs = (seconds - flows.baseSeconds) * 1e9 + nanos;
      flows.table.nowNs[0] = tNs;
      const at = survey(flows.table, fragments.view, layers, frame);
      const row = at >> 1;
      flows.lastRow = row;
      const trace = traceOf(flows, row, frame, tNs);
      follow(trace, context, fragments.view, layers, at & 1, frame, tNs, direction || layers.direction);
      if (flows.traces.size > maxTraces) foldOldest(flows, options);
    },
  };
}

/** Hands over what is still followed when the capture ends. */
export function finishAll(flows: Flows, options: FlowOptions): void {
  for (const trace of flows.traces.values()) finish(flows, trace, options);
}

function followContext(flows: Flows, options: FlowOptions): FollowContext {
  return {
    store: flows.store,
    options: newTcpOptions(),
    segment: { side: 0, frame: 0, tNs: 0, seq: 0, length: 0, lastDataNs: -1, contiguous: false },
    encapsulations: flows.table.encapsulations,
    maxRsts: options.allRsts === true ? Number.POSITIVE_INFINITY : MAX_RSTS,
  };
}

/** Counts the packet; true when it is TCP that can be read. */
function count(flows: Flows, outcome: number, layers: Layers, seconds: number): boolean {
  flows.packets++;
  if (Number.isNaN(flows.baseSeconds)) flows.baseSeconds = seconds;
  if (outcome === TCP) {
    flows.tcpPackets++;
    return true;
  }
  if (outcome === UNDECODED) {
    const name = carrierName(layers.carrier);
    flows.undecoded.set(name, (flows.undecoded.get(name) ?? 0) + 1);
  } else if (outcome === CUT) {
    flows.cut++;
  }
  return false;
}

function traceOf(flows: Flows, row: number, frame: number, tNs: number): Trace {
  const known = flows.traces.get(row);
  if (known !== undefined) return known;
  const trace = createTrace(row, frame, tNs);
  flows.traces.set(row, trace);
  return trace;
}

function finish(flows: Flows, trace: Trace, options: FlowOptions): void {
  flows.traces.delete(trace.row);
  options.onTrace(trace);
  releasePackets(trace, flows.store);
}

/** Makes room: connections without a RST go first, oldest first; then the oldest one is judged as it stands. */
function foldOldest(flows: Flows, options: FlowOptions): void {
  let oldest: Trace | undefined;
  let looked = 0;
  for (const trace of flows.traces.values()) {
    oldest ??= trace;
    if ((flagsOf(flows.table, trace.row) & HAS_RST) === 0) {
      flows.traces.delete(trace.row);
      releasePackets(trace, flows.store);
      flows.folded++;
      return;
    }
    if (++looked >= 64) break;
  }
  if (oldest !== undefined) finish(flows, oldest, options);
}
