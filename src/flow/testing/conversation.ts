/**
 * Conversations for tests, written the way a packet list reads: one line a packet.
 *
 *     0     > S              a SYN of the client at 0 ms
 *     0.5   < SA
 *     0.6   > A
 *     1     > PA "GET / HTTP/1.1\r\n\r\n"
 *     5     < RA win=0 ttl=63 ts=off
 *
 * Time in milliseconds, `>` the client or `<` the server, flags (S, F, R, P, A), a payload in JSON quotes or `len=N`,
 * then what differs from a Linux host: seq, ack (relative: a SYN is 0), rawseq, win, ttl, id, df, ts, ecr (`off` for none),
 * mptcp=1, wscale=off, keep (captured bytes of the payload). Behind `#` stands a remark.
 */
import { writePcap, type WritablePacket } from '../../capture/write.ts';
import { integers, concat } from '../../wire/bytes.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../wire/tcp.ts';
import { ethernetFrame, tcpSegment } from '../../wire/testing/frames.ts';
import { createFlows, finishAll, streamSink, surveySink, traceSink, type Flows } from '../flows.ts';
import { packetAt, type Packet } from '../packets.ts';
import { keptSlots, type Trace } from '../trace.ts';

export interface ConversationOptions {
  /** Default 10.0.0.9:51234 and 10.0.0.5:443; IPv4 in dotted decimals. */
  readonly client?: string;
  readonly server?: string;
  readonly clientPort?: number;
  readonly serverPort?: number;
  /** Initial sequence numbers; default 1000 and 5000. */
  readonly clientIsn?: number;
  readonly serverIsn?: number;
  /** TTL as captured; default 64 and 61. */
  readonly clientTtl?: number;
  readonly serverTtl?: number;
  /** Default true. */
  readonly timestamps?: boolean;
  /** Added to every time, milliseconds. */
  readonly startMs?: number;
}

const EPOCH = 1_790_000_000;
const FLAGS: Readonly<Record<string, number>> = { S: SYN, F: FIN, R: RST, P: PSH, A: ACK, '.': 0 };

interface Party {
  readonly address: readonly number[];
  readonly port: number;
  readonly isn: number;
  readonly ttl: number;
  next: number;
  ipId: number;
  tsVal: number;
  mss: number;
}

/** The packets of one conversation. Sequence numbers, IP-IDs and timestamps go on as Linux counts them. */
export function conversation(lines: string, options: ConversationOptions = {}): WritablePacket[] {
  const client = party(options.client ?? '10.0.0.9', options.clientPort ?? 51_234, options.clientIsn ?? 1000, 7000);
  const server = party(options.server ?? '10.0.0.5', options.serverPort ?? 443, options.serverIsn ?? 5000, 30_000);
  const parties = {
    '>': { self: { ...client, ttl: options.clientTtl ?? 64 }, clock: 100_000 },
    '<': { self: { ...server, ttl: options.serverTtl ?? 61 }, clock: 900_000 },
  };
  const packets: WritablePacket[] = [];
  for (const line of lines.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*([\d.]+)\s+([<>])\s+([SFRPA.]+)((?:\s+(?:"(?:[^"\\]|\\.)*"|\w+=-?\w+))*)\s*(?:#.*)?$/.exec(line);
    if (match === null) throw new Error(`not a packet: ${line}`);
    const [, time, arrow, letters, rest] = match as unknown as [string, string, '<' | '>', string, string];
    const { self, clock } = parties[arrow];
    const peer = parties[arrow === '>' ? '<' : '>'].self;
    const ms = Number(time) + (options.startMs ?? 0);
    packets.push(written(packetOf(self, peer, clock, ms, letters, rest, options.timestamps ?? true), ms));
  }
  return packets;
}

/** Packets of several conversations in the order of time, as a pcap file. */
export function capture(...lists: readonly (readonly WritablePacket[])[]): Uint8Array {
  return writePcap(inOrder(lists));
}

/** A connection that was followed to its end. */
export interface Followed {
  readonly flows: Flows;
  readonly traces: readonly { readonly trace: Trace; readonly packets: readonly Packet[] }[];
}

/** Follows the packets as a stream (one pass) or as a file (two passes). */
export function followPackets(
  lists: readonly (readonly WritablePacket[])[],
  passes: 1 | 2 = 1,
  options: { readonly allRsts?: boolean; readonly maxTraces?: number } = {},
): Followed {
  const packets = inOrder(lists);
  const flows = createFlows();
  const traces: { trace: Trace; packets: Packet[] }[] = [];
  const flowOptions = {
    ...options,
    onTrace(trace: Trace) {
      traces.push({ trace, packets: keptSlots(trace, flows.store).map((slot) => packetAt(flows.store, slot)) });
    },
  };
  const sinks =
    passes === 1
      ? [() => streamSink(flows, flowOptions)]
      : [() => surveySink(flows), () => traceSink(flows, () => true, flowOptions)];
  for (const open of sinks) {
    const sink = open();
    for (const [index, { bytes, seconds, nanos, wireLen, direction }] of packets.entries()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      sink.packet(view, 0, bytes.length, wireLen ?? bytes.length, 1, seconds, nanos, direction ?? 0, index + 1);
    }
  }
  finishAll(flows, flowOptions);
  traces.sort((a, b) => a.trace.firstFrame - b.trace.firstFrame);
  return { flows, traces };
}

/** The only connection of a conversation, followed. */
export function followOne(
  lines: string,
  options: ConversationOptions = {},
): { trace: Trace; packets: readonly Packet[] } {
  const { traces } = followPackets([conversation(lines, options)]);
  if (traces.length !== 1) throw new Error(`${traces.length} connections instead of one`);
  return traces[0]!;
}

function inOrder(lists: readonly (readonly WritablePacket[])[]): WritablePacket[] {
  return lists.flat().toSorted((a, b) => a.seconds - b.seconds || a.nanos - b.nanos);
}

function party(address: string, port: number, isn: number, ipId: number): Party {
  return { address: address.split('.').map(Number), port, isn, ttl: 64, next: 1, ipId, tsVal: 0, mss: 1460 };
}

function packetOf(
  self: Party,
  peer: Party,
  clock: number,
  ms: number,
  letters: string,
  rest: string,
  stamps: boolean,
): Uint8Array {
  const flags = [...letters].reduce((bits, letter) => bits | FLAGS[letter]!, 0);
  const quoted = /"(?:[^"\\]|\\.)*"/.exec(rest)?.[0];
  const set = new Map(
    [...rest.replace(quoted ?? '', '').matchAll(/(\w+)=(-?\w+)/g)].map(([, name, value]) => [name!, value!]),
  );
  const number = (name: string, otherwise: number): number => (set.has(name) ? Number(set.get(name)) : otherwise);
  const payload =
    quoted === undefined ? new Uint8Array(number('len', 0)).fill(0xee) : latin1(JSON.parse(quoted) as string);
  const isSyn = (flags & SYN) !== 0;
  const isBareRst = (flags & (RST | ACK)) === RST;
  const seq = number('seq', isSyn ? 0 : self.next);
  const ack = number('ack', flags & ACK ? peer.next : -peer.isn);
  const end = seq + payload.length + (isSyn ? 1 : 0) + (flags & FIN ? 1 : 0);
  if (end > self.next && (flags & RST) === 0) self.next = end;

  const hasTs = set.has('ts') ? set.get('ts') !== 'off' : stamps && !isBareRst;
  const tsVal = set.has('ts') && hasTs ? number('ts', 0) : clock + Math.floor(ms);
  if (hasTs && (flags & RST) === 0) self.tsVal = tsVal;
  const options = [
    ...(isSyn ? [2, 4, self.mss >> 8, self.mss & 0xff] : []),
    ...(isSyn && set.get('wscale') !== 'off' ? [1, 3, 3, 7] : []),
    ...(hasTs ? [1, 1, 8, 10, ...integers(false, 4, [tsVal, number('ecr', peer.tsVal)])] : []),
    ...(set.has('mptcp') ? [30, 4, 0x80, 1] : []),
  ];
  const hasId = !isBareRst && letters !== 'SA';
  const id = number('id', hasId ? (self.ipId = (self.ipId + 1) & 0xffff) : 0);
  const kept = payload.subarray(0, number('keep', payload.length));
  const segment = tcpSegment({
    srcPort: self.port,
    dstPort: peer.port,
    seq: number('rawseq', (self.isn + seq) >>> 0),
    ack: (peer.isn + ack) >>> 0,
    flags,
    window: number('win', isBareRst ? 0 : isSyn ? 64_240 : 502),
    options,
    payload: kept,
  });
  return ethernetFrame(
    [0x0800],
    ipv4(self, peer, segment, payload.length - kept.length, number('ttl', self.ttl), id, number('df', 1)),
  );
}

function ipv4(
  from: Party,
  to: Party,
  segment: Uint8Array,
  missing: number,
  ttl: number,
  id: number,
  df: number,
): Uint8Array {
  return concat([
    Uint8Array.of(0x45, 0),
    integers(false, 2, [20 + segment.length + missing, id, df === 1 ? 0x4000 : 0]),
    Uint8Array.of(ttl, 6, 0, 0, ...from.address, ...to.address),
    segment,
  ]);
}

function written(bytes: Uint8Array, ms: number): WritablePacket {
  const totalLen = 14 + new DataView(bytes.buffer, bytes.byteOffset).getUint16(16);
  const ns = Math.round(ms * 1e6);
  return { bytes, seconds: EPOCH + Math.floor(ns / 1e9), nanos: ns % 1e9, wireLen: totalLen };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
