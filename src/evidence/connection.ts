/** Turns a followed connection into facts: who is client, what was idle, where it was captured. */
import type { RolesFrom, Side } from '../terms/actors.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import { bytesSent, roundTripNs, streamEnd, windowBytes, type Half } from '../flow/half.ts';
import { nameOf } from '../flow/encapsulations.ts';
import { CLASS_SEGMENT, CLASS_SYN_ACK, steadyTtl } from '../flow/hosts.ts';
import { keep, marksOf, type Keepsake, type RecentMarks } from '../flow/marks.ts';
import {
  DUPLICATE,
  flagsAt,
  frameAt,
  KEEP_ALIVE,
  lengthAt,
  nextAt,
  RETRANSMISSION,
  timeAt,
  type Packet,
  type PacketStore,
} from '../flow/packets.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { promptNs } from '../flow/rst-trigger.ts';
import { flagsOf, hostOf, lastFrameOf, OPENER_1, portOf, type Connections } from '../flow/table.ts';
import type { Trace } from '../flow/trace.ts';
import { connState, historyOf } from '../flow/zeek.ts';
import { seqDiff } from '../wire/seq.ts';
import { applicationOf, phaseOf } from './application.ts';
import {
  other,
  type Both,
  type HostFacts,
  type ResetFacts,
  type SilenceFacts,
  type Trigger,
  type TriggerKind,
} from './facts.ts';
import { FollowedReset, FollowedSilence, type OfConnection } from './followed.ts';
import { hostFacts, type RoleBook } from './roles.ts';

export interface Derivation {
  readonly trace: Trace;
  readonly store: PacketStore;
  readonly table: Connections;
  readonly book: RoleBook;
  /** Shared by all facts of a reading, as far as there are several. */
  readonly recent?: RecentMarks;
  readonly input: number;
  readonly baseSeconds: number;
}

/** Facts of a connection that carried a RST; `decisive` is the RST that ended it. */
export function resetFacts(from: Derivation, decisive: RstRecord): ResetFacts {
  const { trace, table } = from;
  const roles = rolesOf(trace, table);
  const sender: Side = decisive.packet.side === roles.clientSide ? 'client' : 'server';
  const half: Both<Half> =
    sender === 'client'
      ? { client: decisive.from, server: decisive.to }
      : { client: decisive.to, server: decisive.from };
  const trigger = triggerOf(decisive);
  const clocks = { ...idleClocks(decisive, trigger, from), closedBy: finOfSameAct(decisive) ? sender : null };
  const base = connectionFacts(from, roles, half, decisive.exchange, clocks);
  const senderHalf = decisive.from;
  const receiverHalf = decisive.to;
  const host = base[sender].host;
  return new FollowedReset(keepPackets(from), base, {
    rst: decisive,
    rsts: trace.rsts,
    moreRsts: { client: trace.moreRsts[roles.clientSide]!, server: trace.moreRsts[1 - roles.clientSide]! },
    sender,
    receiver: other(sender),
    atNs: decisive.packet.tNs,
    trigger,
    unackedFromSender: inFlight(senderHalf, receiverHalf),
    unackedFromReceiver: inFlight(receiverHalf, senderHalf),
    windowLeft: windowLeft(senderHalf, receiverHalf),
    windowOnRst: windowBytes(senderHalf, decisive.packet.window),
    hostTtl: hostTtl(table, host),
  });
}

/**
 * TTLs that tell a host's own packets. A TTL of 1 was set by an application on its sockets, as BGP speakers do
 * (RFC 4271 §8, RFC 5082): the answers of that host's kernel without a socket have another one.
 */
function hostTtl(table: Connections, host: number): ResetFacts['hostTtl'] {
  const synAck = steadyTtl(table.hosts, host, CLASS_SYN_ACK);
  const segment = steadyTtl(table.hosts, host, CLASS_SEGMENT);
  return synAck === 1 || segment === 1 ? { synAck: 0, segment: 0 } : { synAck, segment };
}

/** Facts of a connection that went silent without a RST. */
export function silenceFacts(from: Derivation, captureEndNs: number): SilenceFacts {
  const { trace, table } = from;
  const roles = rolesOf(trace, table);
  const half = sides(trace.halves, roles.clientSide);
  const side: Side = trace.lastSpeaker === roles.clientSide ? 'client' : 'server';
  const marks = marksOf(trace, from.store);
  const tail = marks.filter((mark) => !(mark.packet.notes & DUPLICATE));
  let first = tail.length - 1;
  while (first > 0 && isUnanswered(tail[first - 1]!.packet, trace)) first--;
  const firstNs = tail[first]?.packet.tNs ?? trace.lastNs;
  const before = tail[first - 1]?.packet.tNs ?? null;
  const quietMs = before === null ? null : Math.max(0, firstNs - before) / 1e6;
  const clocks = { idleMs: idleBefore(trace, firstNs, quietMs), quietMs, closedBy: null };
  return new FollowedSilence(keepPackets(from), connectionFacts(from, roles, half, trace.exchange, clocks), {
    unanswered: side,
    repeats: half[side].repeatsUnanswered + half[side].keepAlivesUnanswered,
    tryingMs: Math.max(0, trace.lastNs - firstNs) / 1e6,
    watchedMs: Math.max(0, captureEndNs - trace.lastNs) / 1e6,
  });
}

/**
 * The packet belongs to the unanswered end: sent by the last speaker, with bytes that its peer never acknowledged, or
 * that the speaker sent again as if it had heard of none.
 */
function isUnanswered(packet: Packet, trace: Trace): boolean {
  if (packet.side !== trace.lastSpeaker) return false;
  if (packet.notes & (KEEP_ALIVE | RETRANSMISSION)) return true;
  const span = packet.length + (packet.flags & SYN ? 1 : 0) + (packet.flags & FIN ? 1 : 0);
  const acked = trace.halves[1 - packet.side]!.acked;
  return span > 0 && (acked < 0 || seqDiff((packet.seq + span) >>> 0, acked) > 0);
}

interface Clocks {
  readonly idleMs: number | null;
  readonly quietMs: number | null;
  /** The side whose FIN belongs to the abort itself, and so says nothing of the time before. */
  readonly closedBy: Side | null;
}

function withoutFin(half: Both<Half>, side: Side | null): Both<Half> {
  return side === null ? half : { ...half, [side]: { ...half[side], finFrame: 0 } };
}

interface Roles {
  readonly clientSide: 0 | 1;
  readonly rolesFrom: RolesFrom;
}

const EPHEMERAL = 32_768;
const WELL_KNOWN = 1024;

/** Who is the client: the SYN says it; without one the payload, then the ports, then who spoke first. */
export function rolesOf(trace: Trace, table: Connections): Roles {
  const [a, b] = trace.halves;
  if (a.synNs >= 0 || b.synAckNs >= 0) return { clientSide: 0, rolesFrom: 'handshake' };
  if (b.synNs >= 0 || a.synAckNs >= 0) return { clientSide: 1, rolesFrom: 'handshake' };
  const synRst = trace.rsts.find((rst) => rst.trigger !== null && (rst.trigger.flags & (SYN | ACK)) === SYN);
  if (synRst !== undefined) return { clientSide: synRst.packet.side === 0 ? 1 : 0, rolesFrom: 'handshake' };
  const { request, response } = trace.exchange;
  const asking = request?.side ?? (response === null ? -1 : 1 - response.side);
  if (asking === 0 || asking === 1) return { clientSide: asking, rolesFrom: 'hint' };
  const port0 = portOf(table, trace.row, 0);
  const port1 = portOf(table, trace.row, 1);
  for (const edge of [WELL_KNOWN, EPHEMERAL]) {
    if (port0 < edge !== port1 < edge) return { clientSide: port0 < edge ? 1 : 0, rolesFrom: 'port' };
  }
  return { clientSide: flagsOf(table, trace.row) & OPENER_1 ? 1 : 0, rolesFrom: 'guess' };
}

function connectionFacts(
  from: Derivation,
  roles: Roles,
  half: Both<Half>,
  exchange: Trace['exchange'],
  clocks: Clocks,
): OfConnection {
  const { trace, table, book } = from;
  const { row } = trace;
  const hostAt = (side: number): number => hostOf(table, row, side);
  const portAt = (side: number): number => portOf(table, row, side);
  const end = (side: number, name: Side): HostFacts =>
    hostFacts(book, table.hosts, hostAt(side), portAt(side), name, hostAt(0) === hostAt(1));
  const client = end(roles.clientSide, 'client');
  const server = end(1 - roles.clientSide, 'server');
  const app = applicationOf(exchange, roles.clientSide, half, clocks.idleMs);
  const all = sides(trace.halves, roles.clientSide);
  return {
    row,
    input: from.input,
    client,
    server,
    rolesFrom: roles.rolesFrom,
    clientSide: roles.clientSide,
    startSeen: all.client.synNs >= 0,
    handshakeDone: all.server.synAckNs >= 0 && (all.client.synNs >= 0 || all.client.acked >= 0),
    encapsulation: nameOf(table.encapsulations, table.encapsulation[row]!),
    observedAt: observedAt(all, { client: ways(trace, roles.clientSide), server: ways(trace, 1 - roles.clientSide) }),
    state: connState(trace.zeek, roles.clientSide),
    history: historyOf(trace.zeek, roles.clientSide),
    firstFrame: trace.firstFrame,
    lastFrame: lastFrameOf(table, row),
    baseSeconds: from.baseSeconds,
    firstNs: trace.firstNs,
    lastNs: trace.lastNs,
    rttMs: rttMs(all),
    bytes: {
      client: bytesSent(half.client, streamEnd(half.client, half.server)),
      server: bytesSent(half.server, streamEnd(half.server, half.client)),
    },
    idleMs: clocks.idleMs,
    quietMs: clocks.quietMs,
    phase: phaseOf(app, withoutFin(half, clocks.closedBy), clocks.idleMs),
    app,
    half,
  };
}

function keepPackets({ trace, store, recent }: Derivation): Keepsake {
  return keep(trace, store, recent ?? new Map());
}

function sides(halves: readonly [Half, Half], clientSide: number): Both<Half> {
  return { client: halves[clientSide]!, server: halves[1 - clientSide]! };
}

/** Round trip between the capture point and a side of the row, milliseconds; null while unknown. */
export function rttToSide(trace: Trace, table: Connections): (side: number) => number | null {
  const { clientSide } = rolesOf(trace, table);
  const rtt = rttMs(sides(trace.halves, clientSide));
  return (side) => (side === clientSide ? rtt.client : rtt.server);
}

/** Time from the capture point to each side and back: the handshake measures both exactly. */
function rttMs({ client, server }: Both<Half>): Both<number | null> {
  return { client: knownMs(roundTripNs(client)), server: knownMs(roundTripNs(server)) };
}

function knownMs(ns: number): number | null {
  return Number.isFinite(ns) && ns >= 0 ? ns / 1e6 : null;
}

const INITIAL_TTLS = new Set([64, 128, 255]);

/**
 * Where the capture was taken. A side whose TTL is untouched and whose packets go out of the capturing host, or whose
 * kernel answers at once, is here; both at once means one host or one segment, and then the capture cannot say.
 */
function observedAt(
  half: Both<Half>,
  passed: Both<'in' | 'out' | 'both'>,
): 'client' | 'server' | 'between' | 'unknown' {
  if (half.client.packets === 0 || half.server.packets === 0) return 'unknown';
  const client = isNear(half.client);
  const server = isNear(half.server);
  if (client && !server) return 'client';
  if (server && !client) return 'server';
  if (client && passed.client === 'out' && passed.server === 'in') return 'client';
  if (server && passed.server === 'out' && passed.client === 'in') return 'server';
  return client ? 'unknown' : 'between';
}

/** How the packets of a side of the row passed the capturing host, where the capture tells. */
function ways({ captureDirections }: Trace, side: number): 'in' | 'out' | 'both' {
  const cameIn = (captureDirections & (1 << side)) !== 0;
  const wentOut = (captureDirections & (4 << side)) !== 0;
  return cameIn === wentOut ? 'both' : cameIn ? 'in' : 'out';
}

function isNear(half: Half): boolean {
  return INITIAL_TTLS.has(half.ttl > 0 ? half.ttl : half.ttlSyn);
}

function triggerOf(rst: RstRecord): Trigger | null {
  const packet = rst.trigger;
  if (packet === null) return null;
  return { packet, kind: triggerKind(packet), delayMs: (rst.packet.tNs - packet.tNs) / 1e6 };
}

function triggerKind(packet: Packet): TriggerKind {
  if (packet.flags & SYN) return packet.flags & ACK ? 'syn-ack' : 'syn';
  if (packet.notes & KEEP_ALIVE) return 'keep-alive';
  if (packet.length > 0) return 'data';
  return packet.flags & FIN ? 'fin' : 'ack';
}

/**
 * The two idle clocks, read at the moment that broke the quiet: the segment that a passive RST answers, or the RST
 * itself. Data that began the fatal run counts as the moment, not its retransmissions.
 */
function idleClocks(
  rst: RstRecord,
  trigger: Trigger | null,
  { trace, store }: Derivation,
): { idleMs: number | null; quietMs: number | null } {
  const answered = trigger !== null && isPrompt(trigger, rst) && !(rst.packet.flags & ACK && rst.packet.seq !== 0);
  const { exchange } = rst;
  const ofRun = answered && trigger.packet.length > 0 && exchange.runSide === trigger.packet.side;
  const pauseNs = ofRun ? pauseBefore(trace, store, trigger.packet) : 0;
  const triggerIsRun = ofRun && pauseNs < PAUSE_NS;
  const lastDataNs = Math.max(rst.from.lastDataNs, rst.to.lastDataNs);
  let idleNs: number;
  let momentFrame: number;
  let momentNs: number;
  if (triggerIsRun) {
    idleNs = exchange.idleBeforeRunNs;
    momentFrame = exchange.runFrame;
    momentNs = exchange.runNs;
  } else {
    const moment = answered ? trigger.packet : closingMoment(rst);
    momentFrame = moment.frame;
    momentNs = moment.tNs;
    idleNs = ofRun ? pauseNs : lastDataNs < 0 ? -1 : Math.max(0, momentNs - lastDataNs);
  }
  if (idleNs < 0 && triggerIsRun) {
    const openedNs = Math.max(rst.from.synAckNs, rst.to.synAckNs, rst.to.synNs, rst.from.synNs);
    if (openedNs >= 0) idleNs = momentNs - openedNs;
  }
  const beforeNs = lastBefore(trace, store, momentFrame);
  const quietMs = beforeNs === null ? null : Math.max(0, momentNs - beforeNs) / 1e6;
  if (idleNs < 0 && beforeNs !== null && lastDataNs < 0) return { idleMs: quietMs, quietMs };
  return { idleMs: idleNs < 0 ? null : idleNs / 1e6, quietMs };
}

/** Who speaks again after this time, and says something new, begins anew. */
const PAUSE_NS = 1e9;

/** Time without data before new data of a side, as far as packets were kept; 0 before data that is sent again. */
function pauseBefore(trace: Trace, store: PacketStore, { frame, tNs, notes }: Packet): number {
  if (notes & RETRANSMISSION) return 0;
  let lastNs = tNs;
  for (let slot = trace.head; slot >= 0; slot = nextAt(store, slot)) {
    if (frameAt(store, slot) < frame && lengthAt(store, slot) > 0) lastNs = timeAt(store, slot);
  }
  return tNs - lastNs;
}

/** When the last kept packet before this frame came, RSTs left out; null when there is none. */
function lastBefore(trace: Trace, store: PacketStore, frame: number): number | null {
  let found = -1;
  for (let slot = trace.head; slot >= 0; slot = nextAt(store, slot)) {
    if (frameAt(store, slot) < frame && !(flagsAt(store, slot) & RST)) found = slot;
  }
  return found < 0 ? null : timeAt(store, found);
}

function isPrompt(trigger: Trigger, rst: RstRecord): boolean {
  return rst.takesTurn || trigger.delayMs <= promptNs(rst.from) / 1e6;
}

/** A close that sends its FIN and aborts right behind it, as option nolinger does, is one act: it began with the FIN. */
function closingMoment(rst: RstRecord): { frame: number; tNs: number } {
  return finOfSameAct(rst) ? { frame: rst.from.finFrame, tNs: rst.from.finNs } : rst.packet;
}

const SAME_ACT_NS = 50e6;

function finOfSameAct(rst: RstRecord): boolean {
  const { from, to, packet } = rst;
  return (
    from.finFrame > 0 &&
    packet.tNs - from.finNs < SAME_ACT_NS &&
    to.lastDataNs < from.finNs &&
    (packet.flags & ACK) !== 0
  );
}

/** Time without data before a moment; where that moment’s own data is the last, the time without any segment. */
function idleBefore(trace: Trace, ns: number, quietMs: number | null): number | null {
  const { exchange } = trace;
  if (exchange.runSide === trace.lastSpeaker && exchange.runNs >= ns) {
    return exchange.idleBeforeRunNs < 0 ? null : exchange.idleBeforeRunNs / 1e6;
  }
  const last = Math.max(trace.halves[0].lastDataNs, trace.halves[1].lastDataNs);
  if (last >= ns) return quietMs;
  return last < 0 ? null : (ns - last) / 1e6;
}

/** RFC 9293 §3.8.6: the window counts from the acknowledgement it came with. */
function windowLeft(from: Half, to: Half): number | null {
  if (from.window < 0 || from.windowScale < 0 || from.acked < 0 || to.nextSeq < 0) return null;
  return Math.max(0, windowBytes(from, from.window) - Math.max(0, seqDiff(to.nextSeq, from.acked)));
}

function inFlight(from: Half, to: Half): number {
  if (from.nextSeq < 0 || to.acked < 0) return 0;
  const endOfData = from.finEnd >= 0 && from.finEnd === from.nextSeq ? (from.finEnd - 1) >>> 0 : from.nextSeq;
  return Math.max(0, seqDiff(endOfData, to.acked));
}
