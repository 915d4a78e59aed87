/**
 * Zeek's `conn_state` and `history` for one connection, letter for letter as Zeek defines them
 * (scripts/base/protocols/conn/main.zeek; endpoint states after src/packet_analysis/protocol/tcp).
 *
 * Sides are 0 and 1 here; the caller says at the end which of them Zeek would call the originator.
 */
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import { seqDiff } from '../wire/seq.ts';

type EndpointState = 'inactive' | 'syn-sent' | 'syn-ack-sent' | 'partial' | 'established' | 'closed' | 'reset';

interface ZeekEndpoint {
  state: EndpointState;
  previous: EndpointState;
  /** One bit a letter that was written already. */
  written: number;
  lastSynSeq: number;
  lastFinSeq: number;
  lastRstSeq: number;
  retransmissions: number;
  zeroWindows: number;
  gaps: number;
  started: boolean;
  startSeq: number;
  lastSeq: number;
  /** End of the contiguous payload, for content gaps. */
  contiguous: number;
  /** Ranges beyond it, `[start, end, …]`; the farthest are forgotten beyond a few. */
  beyond: number[];
}

export interface ZeekState {
  readonly endpoints: readonly [ZeekEndpoint, ZeekEndpoint];
  /** Letters in the order of appearance; lower bit of each code is the side. */
  readonly letters: number[];
  opener: number;
}

const MAX_LETTERS = 64;
const MAX_RANGES = 16;
const FAR = 1 << 20;
const WRITE_ONCE = { S: 1, H: 2, F: 4, R: 8, D: 16, A: 32, I: 64, Q: 128 } as const;

export function newZeekState(): ZeekState {
  return { endpoints: [endpoint(), endpoint()], letters: [], opener: 0 };
}

/** Feeds one packet, in capture order. `length` is the payload length, `window` as in the header. */
export function feedZeek(
  zeek: ZeekState,
  side: number,
  flags: number,
  seq: number,
  ack: number,
  length: number,
  window: number,
): void {
  const self = zeek.endpoints[side]!;
  const peer = zeek.endpoints[1 - side]!;
  const span = (flags & RST ? 0 : length) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const end = (seq + span) >>> 0;
  start(self, flags, seq, end);
  writeHistory(zeek, side, flags, seq, length);
  if (window === 0 && !(flags & RST) && peer.state !== 'closed' && self.state !== 'reset') {
    countLetter(zeek, side, 'W', ++self.zeroWindows);
  }
  if (flags & ACK && !peer.started) {
    peer.startSeq = (ack - 1) >>> 0;
    peer.lastSeq = peer.startSeq;
    peer.contiguous = ack;
  }
  advance(zeek, side, flags, end, length);
  move(zeek, side, flags, length);
  if (flags & ACK && !(flags & RST)) noteGap(zeek, 1 - side, ack, flags);
  if (length > 0 && !(flags & RST)) noteData(self, flags & SYN ? (seq + 1) >>> 0 : seq, length);
}

/** `conn_state` with the given side as Zeek's originator. */
export function connState(zeek: ZeekState, originator: number): string {
  const orig = zeek.endpoints[originator]!.state;
  const resp = zeek.endpoints[1 - originator]!.state;
  const origQuiet = orig === 'inactive' || orig === 'partial';
  const respQuiet = resp === 'inactive' || resp === 'partial';
  if (resp === 'reset') {
    const empty = payloadBytes(zeek, 0) === 0 && payloadBytes(zeek, 1) === 0;
    if (orig === 'syn-sent' || orig === 'syn-ack-sent' || (orig === 'reset' && empty)) return 'REJ';
    return origQuiet ? 'RSTRH' : 'RSTR';
  }
  if (orig === 'reset') {
    if (!respQuiet) return 'RSTO';
    return /^\^?S[^HAFGIQ]*R/.test(historyOf(zeek, originator)) ? 'RSTOS0' : 'OTH';
  }
  if (orig === 'closed' && resp === 'closed') return 'SF';
  if (orig === 'closed') return respQuiet ? 'SH' : 'S2';
  if (resp === 'closed') return origQuiet ? 'SHR' : 'S3';
  if (orig === 'syn-sent' && resp === 'inactive') return 'S0';
  return orig === 'established' && resp === 'established' ? 'S1' : 'OTH';
}

/** `history` with the given side as Zeek's originator: its letters in upper case. */
export function historyOf(zeek: ZeekState, originator: number): string {
  let text = zeek.letters.length > 0 && zeek.opener !== originator ? '^' : '';
  for (const code of zeek.letters) {
    const letter = String.fromCharCode(code >> 1);
    text += (code & 1) === originator ? letter : letter.toLowerCase();
  }
  return text;
}

function endpoint(): ZeekEndpoint {
  return {
    state: 'inactive',
    previous: 'inactive',
    written: 0,
    lastSynSeq: -1,
    lastFinSeq: -1,
    lastRstSeq: -1,
    retransmissions: 0,
    zeroWindows: 0,
    gaps: 0,
    started: false,
    startSeq: 0,
    lastSeq: 0,
    contiguous: 0,
    beyond: [],
  };
}

function start(self: ZeekEndpoint, flags: number, seq: number, end: number): void {
  const first = !self.started && self.state === 'inactive';
  const renewed = (flags & SYN) !== 0 && self.state !== 'closed' && seq !== self.startSeq;
  const afterEarlyRst = self.state === 'reset' && self.previous === 'inactive';
  if (!first && !(renewed && (self.state !== 'reset' || afterEarlyRst))) return;
  self.started = true;
  self.startSeq = flags & SYN ? seq : (seq - 1) >>> 0;
  self.lastSeq = flags & SYN ? end : seq;
  self.contiguous = (self.startSeq + 1) >>> 0;
  self.beyond = [];
}

function writeHistory(zeek: ZeekState, side: number, flags: number, seq: number, length: number): void {
  const self = zeek.endpoints[side]!;
  const control = (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0) + (flags & RST ? 1 : 0);
  if (control > 1) {
    writeOnce(zeek, side, flags & FIN && flags & RST ? 'I' : 'Q');
  } else if (flags & SYN) {
    const letter = flags & ACK ? 'H' : 'S';
    if (!writeOnce(zeek, side, letter) && seq !== self.lastSynSeq) write(zeek, side, letter);
    self.lastSynSeq = seq;
  } else if (flags & FIN) {
    const at = (seq + length) >>> 0;
    if (!writeOnce(zeek, side, 'F') && at !== self.lastFinSeq) write(zeek, side, 'F');
    self.lastFinSeq = at;
  } else if (flags & RST) {
    if (!writeOnce(zeek, side, 'R') && seq !== self.lastRstSeq) write(zeek, side, 'R');
    self.lastRstSeq = seq;
  } else if (length > 0) {
    writeOnce(zeek, side, 'D');
  } else if (flags & ACK) {
    writeOnce(zeek, side, 'A');
  }
}

/** Returns true when the letter was new. Zeek keeps one bit for S and H together. */
function writeOnce(zeek: ZeekState, side: number, letter: keyof typeof WRITE_ONCE): boolean {
  const self = zeek.endpoints[side]!;
  const bit = letter === 'H' ? WRITE_ONCE.S : WRITE_ONCE[letter];
  if (self.written & bit) return false;
  self.written |= bit;
  write(zeek, side, letter);
  return true;
}

function write(zeek: ZeekState, side: number, letter: string): void {
  if (zeek.letters.length === 0) zeek.opener = side;
  if (zeek.letters.length < MAX_LETTERS) zeek.letters.push((letter.charCodeAt(0) << 1) | side);
}

/** Counted letters appear at the 1st, 10th, 100th … time. */
function countLetter(zeek: ZeekState, side: number, letter: string, count: number): void {
  let power = 1;
  while (power < count) power *= 10;
  if (power === count) write(zeek, side, letter);
}

function advance(zeek: ZeekState, side: number, flags: number, end: number, length: number): void {
  const self = zeek.endpoints[side]!;
  const delta = seqDiff(end, self.lastSeq);
  if (flags & (SYN | RST) && (delta > FAR || delta < -FAR)) return;
  if (flags & FIN && self.lastSeq === (self.startSeq + 1) >>> 0) self.lastSeq = end;
  else if (self.state === 'reset') return;
  else if (delta > 0) self.lastSeq = end;
  else if (length > 0) countLetter(zeek, side, 'T', ++self.retransmissions);
}

function enter(self: ZeekEndpoint, state: EndpointState): void {
  self.previous = self.state;
  self.state = state;
}

function move(zeek: ZeekState, side: number, flags: number, length: number): void {
  const self = zeek.endpoints[side]!;
  const peer = zeek.endpoints[1 - side]!;
  const isOrig = side === zeek.opener;
  switch (self.state) {
    case 'inactive':
      moveInactive(self, peer, flags, length, isOrig);
      return;
    case 'syn-sent':
    case 'syn-ack-sent':
      if (flags & FIN) enter(self, 'closed');
      if (flags & RST) enter(self, 'reset');
      return;
    case 'established':
    case 'partial':
      if (flags & SYN && self.state === 'partial' && peer.state === 'inactive' && !(flags & ACK))
        enter(self, 'syn-sent');
      if (flags & FIN && !(flags & RST)) {
        enter(self, 'closed');
        if (peer.state === 'reset' && peer.previous === 'closed') enter(peer, 'closed');
      }
      if (flags & RST) enter(self, 'reset');
      return;
    case 'closed':
      if (flags & RST && peer.state !== 'closed') enter(self, 'reset');
      return;
    case 'reset':
      return;
  }
}

function moveInactive(self: ZeekEndpoint, peer: ZeekEndpoint, flags: number, length: number, isOrig: boolean): void {
  if (flags & SYN) {
    if (isOrig) {
      enter(self, flags & ACK ? 'syn-ack-sent' : 'syn-sent');
    } else {
      if (peer.state === 'syn-sent' || (peer.state === 'syn-ack-sent' && !(flags & ACK))) enter(peer, 'established');
      enter(self, 'established');
    }
  }
  if (flags & FIN) enter(self, 'closed');
  if (flags & RST) enter(self, 'reset');
  if (self.state !== 'inactive') return;
  if (!isOrig && length === 0 && peer.state === 'syn-sent') return;
  enter(self, flags & ACK && peer.state === 'established' ? 'established' : 'partial');
}

function payloadBytes(zeek: ZeekState, side: number): number {
  const self = zeek.endpoints[side]!;
  if (!self.started) return 0;
  const span = seqDiff(self.lastSeq, self.startSeq);
  return Math.max(0, span - 1);
}

function noteData(self: ZeekEndpoint, seq: number, length: number): void {
  const end = (seq + length) >>> 0;
  if (seqDiff(end, self.contiguous) <= 0) return;
  if (seqDiff(seq, self.contiguous) <= 0) {
    self.contiguous = end;
  } else if (self.beyond.length < MAX_RANGES * 2) {
    self.beyond.push(seq, end);
  }
  absorb(self);
}

function absorb(self: ZeekEndpoint): void {
  for (let i = 0; i < self.beyond.length;) {
    if (seqDiff(self.beyond[i]!, self.contiguous) <= 0) {
      if (seqDiff(self.beyond[i + 1]!, self.contiguous) > 0) self.contiguous = self.beyond[i + 1]!;
      self.beyond.splice(i, 2);
      i = 0;
    } else {
      i += 2;
    }
  }
}

/** The peer acknowledged bytes that the capture never saw. */
function noteGap(zeek: ZeekState, side: number, ack: number, flags: number): void {
  const self = zeek.endpoints[side]!;
  if (!self.started || flags & SYN) return;
  const finished = self.state === 'closed' ? 1 : 0;
  if (seqDiff(ack, self.contiguous) > finished) {
    countLetter(zeek, side, 'G', ++self.gaps);
    self.contiguous = ack;
    absorb(self);
  }
}
