/** One direction of a connection that is followed in detail: what its sender said, and what its kernel's habits are. */

import { seqDiff } from '../wire/seq.ts';

export interface Half {
  packets: number;
  dataPackets: number;
  /** Sequence number of the SYN, -1 while not seen. */
  isn: number;
  /** First sequence number that carries data, -1 while the side was not seen. */
  startSeq: number;
  /** End of the highest segment sent (SND.NXT as the capture shows it), -1 while the side was not seen. */
  nextSeq: number;
  /** The last stretch that the capture skipped and has not seen since; -1 while there is none. */
  holeSeq: number;
  holeEnd: number;
  /** Highest acknowledgement sent (RCV.NXT of this side), -1 while none was seen. */
  acked: number;
  /** Right edge of the highest block in this side's last SACK option, -1 when its last segment has none. */
  sackEdge: number;
  /** One bit for each MPTCP subtype (RFC 8684 §8.4) that this side sent. */
  mptcpSubtypes: number;
  synNs: number;
  synAckNs: number;
  firstNs: number;
  lastNs: number;
  lastFrame: number;
  lastDataNs: number;
  lastDataFrame: number;
  finNs: number;
  finFrame: number;
  /** Sequence number after the FIN, -1 while none was seen. */
  finEnd: number;
  retransmissions: number;
  /** Repeats of data or SYN since the peer was last heard. */
  repeatsUnanswered: number;
  /** Keep-alive probes in all, and those since the peer was last heard. */
  keepAlives: number;
  keepAlivesUnanswered: number;
  duplicates: number;
  zeroWindows: number;
  /** Window of the last segment as in its header, -1 while none was seen. */
  window: number;
  /** Shift count of RFC 7323, -1 while unknown. */
  windowScale: number;
  mss: number;
  /** The option was offered in this side's SYN or seen on its segments. */
  timestamps: boolean;
  lastTsVal: number;
  /** TTL of this side's segments after the handshake, 0 while none was seen; -1 once it changed. */
  ttl: number;
  /** That of the last of them. */
  ttlLast: number;
  ttlSyn: number;
  /** IP-ID of this side's last SYN or SYN+ACK; -1 while unknown. */
  ipIdSyn: number;
  /** IP-ID of this side's last segment that came from its socket's own counter; -1 while unknown. */
  ipId: number;
  /** Segments whose IP-ID was one above the one before. */
  ipIdSteps: number;
  ipIdJumps: number;
  df: number;
  /** Shortest time from a segment of the peer to this side's answer, as the capture saw it; Infinity while unknown. */
  fastestAnswerNs: number;
  /** From the peer's SYN or SYN+ACK to the first segment of this side that acknowledges it; -1 while unknown. */
  handshakeNs: number;
}

export function newHalf(): Half {
  return {
    packets: 0,
    dataPackets: 0,
    isn: -1,
    startSeq: -1,
    nextSeq: -1,
    holeSeq: -1,
    holeEnd: -1,
    acked: -1,
    sackEdge: -1,
    mptcpSubtypes: 0,
    synNs: -1,
    synAckNs: -1,
    firstNs: -1,
    lastNs: -1,
    lastFrame: 0,
    lastDataNs: -1,
    lastDataFrame: 0,
    finNs: -1,
    finFrame: 0,
    finEnd: -1,
    retransmissions: 0,
    repeatsUnanswered: 0,
    keepAlives: 0,
    keepAlivesUnanswered: 0,
    duplicates: 0,
    zeroWindows: 0,
    window: -1,
    windowScale: -1,
    mss: 0,
    timestamps: false,
    lastTsVal: -1,
    ttl: 0,
    ttlLast: 0,
    ttlSyn: 0,
    ipIdSyn: -1,
    ipId: -1,
    ipIdSteps: 0,
    ipIdJumps: 0,
    df: -1,
    fastestAnswerNs: Infinity,
    handshakeNs: -1,
  };
}

/**
 * Round trip between the capture point and the side; Infinity while unknown. Within a burst of segments that cross each
 * other one may seem to answer at once, but nobody acknowledges a SYN before it has arrived.
 */
export function roundTripNs({ handshakeNs, fastestAnswerNs }: Half): number {
  return handshakeNs >= 0 ? handshakeNs : fastestAnswerNs;
}

/** Where the side's stream had come to: what the capture saw of it, or what its peer acknowledged without being seen. */
export function streamEnd(half: Half, peer: Half): number {
  const ahead = peer.acked >= 0 && half.nextSeq >= 0 ? seqDiff(peer.acked, half.nextSeq) : 0;
  return ahead > 0 ? peer.acked : half.nextSeq;
}

/** Payload bytes that the side sent up to `end`, by default all that the capture saw; retransmissions not counted. */
export function bytesSent(half: Half, end: number = half.nextSeq): number {
  if (half.startSeq < 0) return 0;
  const span = (end - half.startSeq) >>> 0;
  return Math.max(0, span - (half.finEnd >= 0 && half.finEnd === half.nextSeq ? 1 : 0));
}

/** A window value as bytes, where the scale is known; otherwise as in the header. */
export function windowBytes(half: Half, window: number): number {
  return half.windowScale > 0 ? window * 2 ** half.windowScale : window;
}
