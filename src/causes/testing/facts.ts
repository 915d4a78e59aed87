/** Facts of a boring connection and a population around it, for the tests of the causes. */
import type { SilenceFacts, ResetFacts, Trigger, TriggerKind } from '../../evidence/facts.ts';
import type { Attempts } from '../../evidence/attempts.ts';
import type { Listener } from '../../evidence/listener.ts';
import { listenerKey } from '../../evidence/listener-rows.ts';
import type { Population } from '../../evidence/population.ts';
import { newHalf, type Half } from '../../flow/half.ts';
import type { Mark } from '../../flow/marks.ts';
import type { Packet } from '../../flow/packets.ts';
import { newExchange } from '../../flow/exchange.ts';
import type { Mechanism } from '../../terms/mechanisms.ts';
import { ACK, RST } from '../../wire/tcp.ts';
import type { Judgement, ResetCase, SilenceCase } from '../define.ts';

type Plain = string | number | boolean | null | undefined | readonly unknown[] | ReadonlyMap<unknown, unknown>;

/** Every field optional, all the way down; arrays and maps are replaced whole. */
export type Change<T> = T extends Plain ? T : { readonly [Key in keyof T]?: Change<T[Key]> };

/** Nanoseconds of a number of milliseconds after the capture's first second. */
export function atMs(ms: number): number {
  return ms * 1e6;
}

/** One packet; side 0 is the client. */
export function packet(change: Partial<Packet> = {}): Packet {
  return {
    frame: 9,
    tNs: atMs(1000),
    side: 0,
    flags: ACK,
    seq: 1501,
    ack: 5301,
    length: 0,
    window: 502,
    ttl: 64,
    ipId: 7,
    df: 1,
    tsVal: 100,
    tsEcr: 100,
    notes: 0,
    ...change,
  };
}

export function mark(change: Partial<Packet> = {}): Mark {
  return { packet: packet(change), label: '', missing: 0 };
}

/** What provoked a RST. */
export function trigger(kind: TriggerKind, delayMs: number, change: Partial<Packet> = {}): Trigger {
  return { packet: packet(change), kind, delayMs };
}

/** An established connection with 500 bytes asked, 300 answered, then a RST of the server in the middle of a request. */
export function resetFacts(change: Change<ResetFacts> = {}): ResetFacts {
  const sender = change.sender ?? 'server';
  const receiver = sender === 'server' ? 'client' : 'server';
  const facts = merge(connection(), change) as ResetFacts;
  const atNs = change.atNs ?? atMs(1010);
  const rst = {
    packet: packet({ frame: 10, tNs: atNs, side: sender === 'client' ? 0 : 1, flags: RST | ACK, seq: 5301, ack: 1501 }),
    options: 0,
    payload: [],
    mptcpSubtypes: 0,
    mptcpReset: -1,
    duplicateOf: null,
    from: facts.half[sender],
    to: facts.half[receiver],
    exchange: newExchange(),
    earlier: 0,
    trigger: null,
    lastFromReceiver: null,
    after: {
      newFromSender: 0,
      newFromSenderNs: -1,
      newFromSenderFrame: 0,
      newFromSenderLastNs: -1,
      newFromSenderLastFrame: 0,
      anyFromSender: 0,
      lastFromSenderNs: -1,
      fromReceiver: 0,
      lastFromReceiverNs: -1,
      newDataFromReceiver: 0,
      synAckFromSender: 0,
      synFromReceiver: 0,
      freshRepeatFrame: 0,
      freshRepeatNs: -1,
      talkedOn: false,
      challengeFrame: 0,
    },
  };
  const own = {
    kind: 'reset',
    rst,
    rsts: [rst],
    moreRsts: 0,
    sender,
    receiver,
    atNs,
    trigger: null,
    unackedFromSender: 0,
    unackedFromReceiver: 0,
    windowLeft: 64_256,
    windowOnRst: 64_256,
    hostTtl: { synAck: 64, segment: 64 },
  };
  return merge({ ...facts, ...own }, change) as ResetFacts;
}

/** The same connection, silent: the client repeats its last request, and the capture goes on for a minute. */
export function silenceFacts(change: Change<SilenceFacts> = {}): SilenceFacts {
  const own = { kind: 'silence', unanswered: 'client', repeats: 4, tryingMs: 15_000, watchedMs: 60_000 };
  return merge({ ...connection(), ...own }, change) as SilenceFacts;
}

/** A reset in its surroundings; alone in the capture unless a population is given. */
export function resetCase(facts: ResetFacts, mechanism: Mechanism, among: Population = population([facts])): ResetCase {
  return {
    facts,
    population: among,
    mechanism: { mechanism, level: 'likely', actor: 'endpoint', actorLevel: 'likely', evidence: [], cannotTell: [] },
  };
}

export function silenceCase(facts: SilenceFacts): SilenceCase {
  return { facts, population: population([]) };
}

export function population(
  resets: readonly ResetFacts[],
  seen: { listeners?: ReadonlyMap<number, Listener>; byClient?: ReadonlyMap<number, Attempts> } = {},
): Population {
  const byListener = new Map<number, ResetFacts[]>();
  for (const facts of resets) {
    const key = listenerKey(facts.server.host, facts.server.port);
    byListener.set(key, [...(byListener.get(key) ?? []), facts]);
  }
  const { listeners = new Map(), byClient = new Map() } = seen;
  return { listeners, resets, byListener, byClient, captureEndNs: atMs(120_000) };
}

/** The listener 10.0.0.5:443 of the boring connection, as `population` takes it. */
export function listener(change: Partial<Listener> = {}): ReadonlyMap<number, Listener> {
  const quiet: Listener = {
    connections: 1,
    survivorClients: new Set(),
    accepted: [],
    refused: [],
    begins: [],
    ends: [],
    closings: [],
  };
  return new Map([[listenerKey(2, 443), { ...quiet, ...change }]]);
}

/** Barren attempts of a client at so many listeners, one after the other. */
export function attempts(change: Partial<Attempts> = {}): Attempts {
  const none = { attempts: 0, barren: 0, targets: 0, hosts: 1, ports: 0, accepted: 0, refused: 0, unanswered: 0 };
  return { ...none, spanMs: 1000, ...change };
}

/** A side that has sent so much, and nothing else of note. */
export function half(change: Partial<Half> = {}): Half {
  return { ...newHalf(), ...change };
}

/** A connection that was accepted and then carried nothing. */
export const BARREN: Change<ResetFacts> = {
  bytes: { client: 0, server: 0 },
  idleMs: null,
  phase: 'handshake',
  half: {
    client: { packets: 1, dataPackets: 0, nextSeq: 1001 },
    server: { packets: 1, dataPackets: 0, nextSeq: 5001 },
  },
  app: { lastSpeaker: null, requests: 0, responses: 0, pending: false },
};

/** The judgement as evidence for a test: fails loudly when the cause does not fire. */
export function fires(cause: { readonly id: string }, judged: Judgement): Extract<Judgement, { outcome: 'fires' }> {
  if (judged.outcome !== 'fires') throw new Error(`${cause.id} does not fire: ${JSON.stringify(judged)}`);
  return judged;
}

function connection(): Record<string, unknown> {
  const tls = { ...newExchange().tls[0] };
  const host = { role: 'unknown', roleFrom: 'direction', name: '' };
  return {
    row: 0,
    input: 0,
    client: { ...host, address: '10.0.0.9', port: 51234, host: 1, role: 'client' },
    server: { ...host, address: '10.0.0.5', port: 443, host: 2, role: 'server' },
    rolesFrom: 'handshake',
    clientSide: 0,
    startSeen: true,
    handshakeDone: true,
    encapsulation: '',
    observedAt: 'client',
    state: 'RSTR',
    history: 'ShADadr',
    firstFrame: 1,
    lastFrame: 10,
    baseSeconds: 1_790_000_000,
    firstNs: atMs(0),
    lastNs: atMs(1010),
    rttMs: { client: 0.1, server: 1 },
    bytes: { client: 500, server: 300 },
    idleMs: 10,
    quietMs: 10,
    phase: 'request',
    app: {
      lastSpeaker: 'client',
      opening: { client: 'binary', server: 'binary' },
      firstText: { client: '', server: '' },
      request: null,
      response: null,
      requests: 0,
      responses: 0,
      requestComplete: null,
      responseComplete: null,
      pending: null,
      tls: { client: tls, server: tls },
      isTls: false,
      turns: 2,
      lastRunBytes: 250,
      lastRunFrame: 8,
    },
    half: {
      client: half({ packets: 4, dataPackets: 2, isn: 1000, startSeq: 1001, nextSeq: 1501, acked: 5301, synNs: 0 }),
      server: half({
        packets: 3,
        dataPackets: 1,
        isn: 5000,
        startSeq: 5001,
        nextSeq: 5301,
        acked: 1501,
        synAckNs: atMs(1),
      }),
    },
    marks: [],
  };
}

function merge(base: unknown, change: unknown): unknown {
  if (change === undefined) return base;
  if (!isRecord(base) || !isRecord(change)) return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) merged[key] = merge(base[key], value);
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
