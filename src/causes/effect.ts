/** What a RST did to its receiver, and which RST ended the connection. */
import type { RstRecord } from '../flow/rst-record.ts';

export type Effect = 'accepted' | 'challenged' | 'ignored' | 'unknown';

/**
 * RFC 5961 §3.2 with Linux's rules (net/ipv4/tcp_input.c, tcp_validate_incoming): the exact next sequence number
 * kills, anything else in the window is challenged, the rest is dropped. `rttMs` is the round trip to the receiver.
 */
export function effectOf(rst: RstRecord, rttMs: number | null): Effect {
  const { packet, from, to, after } = rst;
  if (to.packets === 0) return 'unknown';
  const graceNs = Math.max(2, 2 * (rttMs ?? 0)) * 1e6;
  const talksLater = after.fromReceiver > 0 && after.lastFromReceiverNs - packet.tNs > graceNs;
  // An ACK that comes to the RST’s own number was on its way, and shows that the number was the next one expected.
  const exact =
    to.acked < 0 || packet.seq === to.acked || packet.seq === from.nextSeq || after.challengeAck === packet.seq;
  if (after.talkedOn || (talksLater && after.newDataFromReceiver > 0)) return 'ignored';
  if (after.challengeFrame > 0 && !exact) return 'challenged';
  if (exact && !talksLater) return 'accepted';
  return after.fromReceiver === 0 ? 'accepted' : 'unknown';
}

/**
 * The effect of each RST of a connection. Behind an accepted one there is no connection left for a later one to end:
 * its receiver's socket is gone, and so is its sender's.
 */
export function effectsOf(rsts: readonly RstRecord[], rttMs: (side: number) => number | null): Map<RstRecord, Effect> {
  const effects = new Map<RstRecord, Effect>();
  let ended = false;
  for (const rst of rsts) {
    const effect = effectOf(rst, rttMs(1 - rst.packet.side));
    effects.set(rst, ended && rst.duplicateOf === null ? 'ignored' : effect);
    if (effect === 'accepted') ended = true;
  }
  return effects;
}

/** The RST that the report speaks of: the first that its receiver accepted, else the first. */
export function decisiveRst(rsts: readonly RstRecord[], rttMs: (side: number) => number | null): RstRecord {
  const effects = effectsOf(rsts, rttMs);
  const originals = rsts.filter((rst) => rst.duplicateOf === null);
  return originals.find((rst) => effects.get(rst) === 'accepted') ?? originals[0] ?? rsts[0]!;
}
