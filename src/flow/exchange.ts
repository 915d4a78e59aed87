/**
 * What the application did on a connection: who spoke last, which request is unanswered, whether a message is
 * complete. HTTP/1 heads and TLS records where the payload shows them; otherwise direction and time alone.
 */
import { seqDiff } from '../wire/seq.ts';
import { endsChunkedBody, latin1, looksLikeHttp, readHead, type HttpMessage } from './http1.ts';

/** What the first payload bytes of a side look like. */
export type Opening =
  | 'none'
  | 'unseen'
  | 'tls'
  | 'http-request'
  | 'http-response'
  | 'http2'
  | 'ssh'
  | 'text'
  | 'binary';

export interface TlsSide {
  /** Sequence number where the next record begins; -1 when the record boundaries are lost. */
  nextRecordSeq: number;
  handshakeRecords: number;
  dataRecords: number;
  alertRecords: number;
  /** Description of the last alert sent in the clear, -1 when none. */
  plainAlert: number;
  /** Content type and length of the last record that began here. */
  lastType: number;
  lastLength: number;
}

export interface Exchange {
  /** Times that the direction of the data turned. */
  turns: number;
  /** Side of the last application data, -1 while there was none. */
  lastSide: number;
  /** Sides whose data began a run, and when and where the current run began. */
  runSide: number;
  runFrame: number;
  runNs: number;
  runBytes: number;
  /** When data last flowed before the current run; -1 for the first one. */
  idleBeforeRunNs: number;
  opening: [Opening, Opening];
  /** First printable characters of each side, for the reader of the report; at most 40, unescaped. */
  firstText: [string, string];
  requests: number;
  responses: number;
  request: HttpMessage | null;
  response: HttpMessage | null;
  tls: [TlsSide, TlsSide];
}

const TLS_ALERT = 21;
const TLS_HANDSHAKE = 22;
const TLS_DATA = 23;

export function newExchange(): Exchange {
  return {
    turns: 0,
    lastSide: -1,
    runSide: -1,
    runFrame: 0,
    runNs: 0,
    runBytes: 0,
    idleBeforeRunNs: -1,
    opening: ['none', 'none'],
    firstText: ['', ''],
    requests: 0,
    responses: 0,
    request: null,
    response: null,
    tls: [newTlsSide(), newTlsSide()],
  };
}

/** A copy that later packets do not change. */
export function copyExchange(exchange: Exchange): Exchange {
  return {
    ...exchange,
    opening: [...exchange.opening],
    firstText: [...exchange.firstText],
    request: exchange.request && { ...exchange.request },
    response: exchange.response && { ...exchange.response },
    tls: [{ ...exchange.tls[0] }, { ...exchange.tls[1] }],
  };
}

export interface DataSegment {
  side: number;
  frame: number;
  tNs: number;
  seq: number;
  /** Bytes on the wire. */
  length: number;
  /** When application data last flowed in either direction; -1 before the first. */
  lastDataNs: number;
  /** True when the segment continues the stream without a hole. */
  contiguous: boolean;
}

/** Feeds one segment that brings new data. `at` and `captured` say where its payload stands in `view`. */
export function feedExchange(
  exchange: Exchange,
  segment: DataSegment,
  view: DataView,
  at: number,
  captured: number,
): void {
  const { side } = segment;
  if (exchange.lastSide !== side) {
    if (exchange.lastSide >= 0) exchange.turns++;
    exchange.lastSide = side;
    beginRun(exchange, segment);
  }
  exchange.runBytes += segment.length;
  if (exchange.opening[side] === 'none') {
    exchange.opening[side] = openingOf(view, at, captured);
    exchange.firstText[side] = printable(view, at, Math.min(captured, 40));
  }
  feedHttp(exchange, segment, view, at, captured);
  const tls = exchange.tls[side]!;
  const begun = tls.handshakeRecords + exchange.tls[1 - side]!.handshakeRecords > 0;
  if (exchange.opening[side] === 'tls' || begun || isHello(view, at, captured)) {
    feedTls(tls, segment, view, at, captured);
  }
}

/** Whether the whole message has been sent, when its sender's stream has come to `nextSeq`; null when unknowable. */
export function isComplete(message: HttpMessage, nextSeq: number): boolean | null {
  switch (message.framing) {
    case 'none':
      return message.headComplete || message.status > 0;
    case 'length':
      return message.headComplete ? seqDiff(nextSeq, (message.bodySeq + message.bodyLength) >>> 0) >= 0 : null;
    case 'chunked':
      return message.chunkEnd ? true : null;
    case 'close':
    case 'unknown':
      return null;
  }
}

function beginRun(exchange: Exchange, segment: DataSegment): void {
  exchange.runSide = segment.side;
  exchange.runFrame = segment.frame;
  exchange.runNs = segment.tNs;
  exchange.runBytes = 0;
  exchange.idleBeforeRunNs = segment.lastDataNs < 0 ? -1 : segment.tNs - segment.lastDataNs;
}

function feedHttp(exchange: Exchange, segment: DataSegment, view: DataView, at: number, captured: number): void {
  const kind = looksLikeHttp(view, at, captured);
  if (kind === null) {
    const { response, request } = exchange;
    const open = response?.side === segment.side ? response : request?.side === segment.side ? request : null;
    if (open?.framing === 'chunked' && captured === segment.length && endsChunkedBody(view, at, captured)) {
      open.chunkEnd = true;
    }
    return;
  }
  const { side, frame, tNs, seq } = segment;
  const answers = kind === 'response' ? (exchange.request?.method ?? '') : '';
  const message = readHead(view, at, captured, { side, frame, tNs, seq, answers });
  if (message.framing === 'chunked' && captured === segment.length && endsChunkedBody(view, at, captured)) {
    message.chunkEnd = true;
  }
  if (kind === 'request') {
    if (exchange.runSide === side && exchange.runFrame !== frame) beginRun(exchange, segment);
    exchange.requests++;
    exchange.request = message;
    exchange.response = null;
  } else if (message.status >= 200 || message.status === 101) {
    exchange.responses++;
    exchange.response = message;
  }
}

function feedTls(tls: TlsSide, segment: DataSegment, view: DataView, at: number, captured: number): void {
  if (tls.nextRecordSeq < 0 || !segment.contiguous) {
    // A hole or a reordered segment loses the boundaries; a segment that begins like a record finds them again.
    tls.nextRecordSeq = beginsRecord(view, at, captured) ? segment.seq : -1;
    tls.lastType = 0;
    if (tls.nextRecordSeq < 0) return;
  }
  const end = (segment.seq + segment.length) >>> 0;
  while (seqDiff(tls.nextRecordSeq, end) < 0) {
    const offset = seqDiff(tls.nextRecordSeq, segment.seq);
    if (offset < 0 || offset + 5 > captured) {
      tls.nextRecordSeq = -1;
      return;
    }
    const type = view.getUint8(at + offset);
    const length = view.getUint16(at + offset + 3);
    if (type < 20 || type > 24 || view.getUint8(at + offset + 1) !== 3) {
      tls.nextRecordSeq = -1;
      return;
    }
    tls.lastType = type;
    tls.lastLength = length;
    if (type === TLS_HANDSHAKE) tls.handshakeRecords++;
    else if (type === TLS_DATA) tls.dataRecords++;
    else if (type === TLS_ALERT) {
      tls.alertRecords++;
      if (length === 2 && offset + 7 <= captured) tls.plainAlert = view.getUint8(at + offset + 6);
    }
    tls.nextRecordSeq = (tls.nextRecordSeq + 5 + length) >>> 0;
  }
}

/** RFC 8446 §5.1: a content type, version 3.x, and a length that a record may have. */
function beginsRecord(view: DataView, at: number, captured: number): boolean {
  if (captured < 5) return false;
  const type = view.getUint8(at);
  const minor = view.getUint8(at + 2);
  const length = view.getUint16(at + 3);
  return type >= 20 && type <= 23 && view.getUint8(at + 1) === 3 && minor <= 4 && length > 0 && length <= 18_432;
}

/** A TLS ClientHello or ServerHello: STARTTLS, or PostgreSQL’s and MySQL’s own way to it (RFC 8446 §4.1, §5.1). */
function isHello(view: DataView, at: number, captured: number): boolean {
  if (captured < 6 || view.getUint8(at) !== TLS_HANDSHAKE || view.getUint8(at + 1) !== 3) return false;
  const type = view.getUint8(at + 5);
  return (type === 1 || type === 2) && view.getUint16(at + 3) <= 16_384;
}

function openingOf(view: DataView, at: number, captured: number): Opening {
  if (captured < 3) return captured === 0 ? 'unseen' : 'binary';
  const first = view.getUint8(at);
  if (first >= 20 && first <= 23 && view.getUint8(at + 1) === 3 && view.getUint8(at + 2) <= 4) return 'tls';
  const http = looksLikeHttp(view, at, captured);
  if (http !== null) return http === 'request' ? 'http-request' : 'http-response';
  const text = latin1(view, at, Math.min(captured, 24));
  if (text.startsWith('PRI * HTTP/2')) return 'http2';
  if (text.startsWith('SSH-')) return 'ssh';
  return /^[\t\n\r\x20-\x7e]+$/.test(text) ? 'text' : 'binary';
}

function printable(view: DataView, at: number, length: number): string {
  const text = latin1(view, at, length);
  const end = text.search(/[^\x20-\x7e]/);
  return end < 0 ? text : text.slice(0, end);
}

function newTlsSide(): TlsSide {
  return {
    nextRecordSeq: -1,
    handshakeRecords: 0,
    dataRecords: 0,
    alertRecords: 0,
    plainAlert: -1,
    lastType: 0,
    lastLength: 0,
  };
}
