/**
 * Seeded HTTP-like traffic, one segment at a time in the order of time: many connections at once, each with handshake,
 * requests, responses and a close. 10 % run over IPv6; 2 % end in a RST of one of the shapes that Linux sends.
 * The capture point is the server's side.
 */
import { ACK, FIN, PSH, RST, type Segment, SYN } from './frame.ts';

/** What the traffic is like. */
export interface TrafficOptions {
  /** Connections open at the same time. */
  readonly concurrent: number;
  /** Share of connections that end in a RST, 0 to 1. */
  readonly resetShare: number;
}

export const USUAL_TRAFFIC: TrafficOptions = { concurrent: 4096, resetShare: 0.02 };

/** The running traffic; opaque to callers. */
export interface Traffic {
  readonly resetShare: number;
  readonly random: () => number;
  readonly connections: readonly Connection[];
  /** Binary heap of slots, ordered by `dueUs`. */
  readonly heap: Int32Array;
  readonly dueUs: Float64Array;
  opened: { v4: number; v6: number };
}

type Ending = 'fin' | 'refused' | 'server-abort' | 'client-abort' | 'stale-reuse' | 'idle-timeout';

type Step =
  | 'syn'
  | 'syn-ack'
  | 'handshake-ack'
  | 'request'
  | 'request-ack'
  | 'response'
  | 'response-ack'
  | 'fin'
  | 'fin-answer'
  | 'last-ack'
  | 'refuse'
  | 'abort'
  | 'late-data'
  | 'late-answer'
  | 'half-close'
  | 'half-close-ack'
  | 'stale-request'
  | 'stale-answer';

interface Connection {
  v6: boolean;
  client: number;
  server: number;
  clientPort: number;
  serverPort: number;
  ending: Ending;
  step: Step;
  requestsLeft: number;
  segmentsLeft: number;
  segmentsSent: number;
  clientSeq: number;
  serverSeq: number;
  clientId: number;
  serverId: number;
  clientClock: number;
  serverClock: number;
  clientTs: number;
  serverTs: number;
}

const START_US = Date.UTC(2026, 0, 1) * 1000;
const CLIENTS = { v4: 5000, v6: 500 };
const SERVERS = 24;
const SERVER_PORTS = [80, 8000, 8080];
const PORTS = 28_232;
const MSS_DATA = 1448;
const NO_TEXT = new Uint8Array(0);
const REQUEST = new TextEncoder().encode('GET /orders/2f61c0 HTTP/1.1\r\nHost: shop.example\r\n');
const RESPONSE = new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n');
const BODY = new TextEncoder().encode('{"id":184467,"state":"shipped","lines":[{"sku":1}]}');
const RESET_ENDINGS: readonly Ending[] = [
  'refused',
  'server-abort',
  'server-abort',
  'client-abort',
  'client-abort',
  'stale-reuse',
  'stale-reuse',
  'idle-timeout',
];

/** Starts the traffic of a seed; the same seed gives the same segments. */
export function startTraffic(seed: number, { concurrent, resetShare }: TrafficOptions = USUAL_TRAFFIC): Traffic {
  const random = seededRandom(seed);
  const opened = { v4: 0, v6: 0 };
  const connections = Array.from({ length: concurrent }, () => open(random, opened, resetShare));
  const dueUs = Float64Array.from(connections, () => START_US + Math.floor(random() * 3e6)).sort();
  return { resetShare, random, connections, heap: Int32Array.from(connections.keys()), dueUs, opened };
}

/** Fills `segment` with the next one in time. */
export function nextSegment(traffic: Traffic, segment: Segment): void {
  const slot = traffic.heap[0]!;
  const connection = traffic.connections[slot]!;
  segment.tsUs = traffic.dueUs[slot]!;
  const waitUs = advance(connection, segment, traffic.random);
  if (waitUs < 0) reopen(connection, traffic);
  traffic.dueUs[slot]! += 1 + Math.floor(waitUs < 0 ? 2e6 * traffic.random() : waitUs);
  siftDown(traffic);
}

/** Emits the segment of the connection's step and returns the wait until its next one, negative when it is over. */
function advance(c: Connection, s: Segment, random: () => number): number {
  const rttUs = 800 + (c.client % 97) * 300;
  switch (c.step) {
    case 'syn':
      emit(c, s, false, SYN, 0, 'syn');
      s.window = 64_240;
      s.ack = 0;
      c.clientSeq = add(c.clientSeq, 1);
      c.step = c.ending === 'refused' ? 'refuse' : 'syn-ack';
      return 20 + random() * 40;
    case 'syn-ack':
      emit(c, s, true, SYN | ACK, 0, 'syn');
      s.window = 65_160;
      s.ipId = 0;
      c.serverSeq = add(c.serverSeq, 1);
      c.step = 'handshake-ack';
      return rttUs;
    case 'handshake-ack':
      emit(c, s, false, ACK, 0);
      c.step = 'request';
      return 50 + random() * 500;
    case 'request':
      emit(c, s, false, PSH | ACK, 180 + Math.floor(random() * 900), 'timestamps', REQUEST);
      c.requestsLeft--;
      c.segmentsLeft = 1 + Math.floor(random() * random() * 14);
      c.segmentsSent = 0;
      c.step = 'request-ack';
      return 20 + random() * 30;
    case 'request-ack':
      emit(c, s, true, ACK, 0);
      c.step = c.ending === 'server-abort' && c.requestsLeft === 0 ? 'abort' : 'response';
      return 500 + random() * random() * 80_000;
    case 'response':
      return respond(c, s, rttUs, random);
    case 'response-ack':
      emit(c, s, false, ACK, 0);
      return afterAck(c, random);
    case 'fin':
      emit(c, s, true, FIN | ACK, 0);
      c.serverSeq = add(c.serverSeq, 1);
      c.step = 'fin-answer';
      return rttUs;
    case 'fin-answer':
      emit(c, s, false, FIN | ACK, 0);
      c.clientSeq = add(c.clientSeq, 1);
      c.step = 'last-ack';
      return 20 + random() * 20;
    case 'last-ack':
      emit(c, s, true, ACK, 0);
      return -1;
    case 'refuse':
      emitBareAnswer(c, s, true, RST | ACK);
      s.seq = 0;
      s.ack = c.clientSeq;
      return -1;
    case 'abort':
      emit(c, s, c.ending !== 'client-abort', RST | ACK, 0);
      if (c.ending !== 'client-abort') return -1;
      c.step = 'late-data';
      return 10;
    case 'late-data':
      emit(c, s, true, ACK, MSS_DATA, 'timestamps', BODY);
      c.step = 'late-answer';
      return rttUs;
    case 'late-answer':
      emitBareAnswer(c, s, false, RST);
      s.seq = c.clientSeq;
      return -1;
    case 'half-close':
      emit(c, s, true, FIN | ACK, 0);
      c.serverSeq = add(c.serverSeq, 1);
      c.step = 'half-close-ack';
      return rttUs;
    case 'half-close-ack':
      emit(c, s, false, ACK, 0);
      c.step = 'stale-request';
      return 1000 + random() * 3e6;
    case 'stale-request':
      emit(c, s, false, PSH | ACK, 300, 'timestamps', REQUEST);
      c.step = 'stale-answer';
      return 15;
    case 'stale-answer':
      emitBareAnswer(c, s, true, RST);
      s.seq = c.serverSeq;
      return -1;
  }
}

/** One response segment; the client acknowledges every second one and the last. */
function respond(c: Connection, s: Segment, rttUs: number, random: () => number): number {
  const isFirst = c.segmentsSent === 0;
  const isLast = --c.segmentsLeft === 0;
  const len = isLast ? 90 + Math.floor(random() * 1300) : MSS_DATA;
  emit(c, s, true, isLast ? PSH | ACK : ACK, len, 'timestamps', isFirst ? RESPONSE : BODY);
  c.segmentsSent++;
  if (isLast || c.segmentsSent % 2 === 0) c.step = 'response-ack';
  return c.step === 'response-ack' ? rttUs : 12;
}

function afterAck(c: Connection, random: () => number): number {
  if (c.ending === 'client-abort' && c.requestsLeft === 0) {
    c.step = 'abort';
    return random() * 50_000;
  }
  if (c.segmentsLeft > 0) {
    c.step = 'response';
    return 20;
  }
  if (c.requestsLeft > 0) {
    c.step = 'request';
    return 2000 + random() * random() * 4e6;
  }
  if (c.ending === 'idle-timeout') {
    c.step = 'abort';
    return 15e6 + random() * 4000;
  }
  c.step = c.ending === 'stale-reuse' ? 'half-close' : 'fin';
  return 100_000 + random() * 2e6;
}

/** A segment of a live socket. */
function emit(
  c: Connection,
  s: Segment,
  fromServer: boolean,
  flags: number,
  payloadLen: number,
  options: Segment['options'] = 'timestamps',
  text: Uint8Array = NO_TEXT,
): void {
  address(c, s, fromServer, flags);
  const nowMs = Math.floor(s.tsUs / 1000);
  s.options = options;
  s.payloadLen = payloadLen;
  s.text = text;
  if (fromServer) {
    s.seq = c.serverSeq;
    s.ack = c.clientSeq;
    s.window = 509;
    s.ipId = c.serverId = (c.serverId + 1) & 0xffff;
    s.tsVal = c.serverTs = (nowMs + c.serverClock) >>> 0;
    s.tsEcr = c.clientTs;
    c.serverSeq = add(c.serverSeq, payloadLen);
  } else {
    s.seq = c.clientSeq;
    s.ack = c.serverSeq;
    s.window = 502;
    s.ipId = c.clientId = (c.clientId + 1) & 0xffff;
    s.tsVal = c.clientTs = (nowMs + c.clientClock) >>> 0;
    s.tsEcr = c.serverTs;
    c.clientSeq = add(c.clientSeq, payloadLen);
  }
}

/** What a Linux kernel without a socket answers: no options, window 0, IP-ID 0 (tcp_v4_send_reset). */
function emitBareAnswer(c: Connection, s: Segment, fromServer: boolean, flags: number): void {
  address(c, s, fromServer, flags);
  s.options = 'none';
  s.payloadLen = 0;
  s.text = NO_TEXT;
  s.window = 0;
  s.ipId = 0;
  s.ack = 0;
}

function address(c: Connection, s: Segment, fromServer: boolean, flags: number): void {
  s.v6 = c.v6;
  s.fromServer = fromServer;
  s.client = c.client;
  s.server = c.server;
  s.clientPort = c.clientPort;
  s.serverPort = c.serverPort;
  s.flags = flags;
  s.ttl = fromServer ? 64 : 60 - (c.client % 13);
}

function reopen(connection: Connection, traffic: Traffic): void {
  Object.assign(connection, open(traffic.random, traffic.opened, traffic.resetShare));
}

/** A new connection; no two of a capture share addresses and ports. */
function open(random: () => number, opened: Traffic['opened'], resetShare: number): Connection {
  const family = random() < 0.1 ? 'v6' : 'v4';
  const number = opened[family]++;
  const client = number % CLIENTS[family];
  const server = 1 + Math.floor(random() * SERVERS);
  return {
    v6: family === 'v6',
    client: client + 1,
    server,
    clientPort: 32_768 + ((Math.floor(number / CLIENTS[family]) * 7919 + client * 31) % PORTS),
    serverPort: SERVER_PORTS[server % SERVER_PORTS.length]!,
    ending: random() < resetShare ? RESET_ENDINGS[Math.floor(random() * RESET_ENDINGS.length)]! : 'fin',
    step: 'syn',
    requestsLeft: 1 + Math.floor(random() * random() * 8),
    segmentsLeft: 0,
    segmentsSent: 0,
    clientSeq: random32(random),
    serverSeq: random32(random),
    clientId: random32(random) & 0xffff,
    serverId: random32(random) & 0xffff,
    clientClock: random32(random),
    serverClock: random32(random),
    clientTs: 0,
    serverTs: 0,
  };
}

function siftDown({ heap, dueUs }: Traffic): void {
  const slot = heap[0]!;
  const due = dueUs[slot]!;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && dueUs[heap[child + 1]!]! < dueUs[heap[child]!]!) child++;
    if (dueUs[heap[child]!]! >= due) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = slot;
}

function add(seq: number, len: number): number {
  return (seq + len) >>> 0;
}

function random32(random: () => number): number {
  return Math.floor(random() * 2 ** 32);
}

/** Marsaglia's xorshift32 over a well-mixed seed: the same numbers on every platform. */
function seededRandom(seed: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
