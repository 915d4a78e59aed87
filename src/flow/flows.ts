/**
 * The connections of one capture. A file is read twice: pass one surveys every packet, pass two follows the
 * connections of interest in detail. A stream is read once, following every connection within bounded history.
 */
import { FRAGMENT, locate, newLayers, TCP, UNDECODED, CUT, type Layers } from '../wire/layers.ts';
import { carrierName } from '../wire/carriers.ts';
import { flags as readFlags, RST, srcPort, dstPort } from '../wire/tcp.ts';
import { newTcpOptions } from '../wire/tcp-options.ts';
import type { PacketSink } from '../capture/reader.ts';
import { createPacketStore, type PacketStore } from './packets.ts';
import { createConnections, HAS_RST, incarnations, lookup, newFound, type Connections } from './table.ts';
import { createTrace, follow, MAX_RSTS, releasePackets, type FollowContext, type Trace } from './trace.ts';
import { survey } from './survey.ts';

export interface Flows {
  readonly table: Connections;
  readonly store: PacketStore;
  /** Second that the nanosecond clock of this capture starts at; NaN before the first packet. */
  baseSeconds: number;
  /** Time of the last packet on that clock. */
  lastNs: number;
  /** Row of the last TCP packet. */
  lastRow: number;
  packets: number;
  tcpPackets: number;
  rstPackets: number;
  /** TCP that could not be read whole: later fragments, headers cut by the snap length. */
  fragments: number;
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
  return {
    table: createConnections(),
    store: createPacketStore(),
    baseSeconds: Number.NaN,
    lastNs: 0,
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

/** Pass one over a file. */
export function surveySink(flows: Flows): PacketSink {
  const layers = newLayers();
  const found = newFound();
  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, _direction, frame) {
      if (!count(flows, locate(view, start, end, wireLen, linkType, layers), layers, seconds)) return;
      if (readFlags(view, layers.tcp) & RST) flows.rstPackets++;
      flows.lastNs = (seconds - flows.baseSeconds) * 1e9 + nanos;
      survey(flows.table, view, layers, frame, flows.lastNs, found);
    },
  };
}

/** Pass two over the same file: follows the rows that `wanted` names. */
export function traceSink(flows: Flows, wanted: (row: number) => boolean, options: FlowOptions): PacketSink {
  const layers = newLayers();
  const found = newFound();
  const context = followContext(flows, options);
  const { table } = flows;
  const incarnationAt = incarnations(table);
  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      if (locate(view, start, end, wireLen, linkType, layers) !== TCP) return;
      const { tcp } = layers;
      lookup(table, view, layers.src, layers.dst, layers.version, srcPort(view, tcp), dstPort(view, tcp), found);
      const row = incarnationAt(found.row, frame);
      if (row < 0 || !wanted(row)) return;
      const tNs = (seconds - flows.baseSeconds) * 1e9 + nanos;
      const trace = traceOf(flows, row, frame, tNs);
      follow(trace, context, view, layers, found.side, frame, tNs, direction || layers.direction);
      if (frame === table.lastFrame[row]) finish(flows, trace, options);
    },
  };
}

/** The only pass over a stream. */
export function streamSink(flows: Flows, options: FlowOptions): PacketSink {
  const layers = newLayers();
  const found = newFound();
  const context = followContext(flows, options);
  const maxTraces = options.maxTraces ?? DEFAULT_MAX_TRACES;
  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      if (!count(flows, locate(view, start, end, wireLen, linkType, layers), layers, seconds)) return;
      if (readFlags(view, layers.tcp) & RST) flows.rstPackets++;
      const tNs = (seconds - flows.baseSeconds) * 1e9 + nanos;
      flows.lastNs = tNs;
      const row = survey(flows.table, view, layers, frame, tNs, found);
      flows.lastRow = row;
      const trace = traceOf(flows, row, frame, tNs);
      follow(trace, context, view, layers, found.side, frame, tNs, direction || layers.direction);
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
  } else if (outcome === FRAGMENT) {
    flows.fragments++;
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
    if ((flows.table.flags[trace.row]! & HAS_RST) === 0) {
      flows.traces.delete(trace.row);
      releasePackets(trace, flows.store);
      flows.folded++;
      return;
    }
    if (++looked >= 64) break;
  }
  if (oldest !== undefined) finish(flows, oldest, options);
}
