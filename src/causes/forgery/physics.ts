/**
 * What a packet cannot do if the host that it names sent it: come from the wrong side of the capturing host, answer
 * faster than that host is far away, lie at several distances at once, or leave a kernel half finished.
 */
import type { Evidence } from '../../evidence/evidence.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import { ACK } from '../../wire/tcp.ts';
import { ms } from '../duration.ts';
import type { Surroundings } from '../surroundings.ts';

/** Signs against the claimed sender; each alone has an innocent explanation, which its text names. */
export function physicalSigns(rst: RstRecord, around: Surroundings): Evidence[] {
  if (rst.duplicateOf !== null) return [];
  return [wrongSide(rst, around), tooEarly(rst, around), severalDistances(rst, around)].filter((sign) => sign !== null);
}

const CAME_IN = 1;
const WENT_OUT = 2;

/** The capture tells which packets came in and which went out: the RST goes the other way than all others of its sender. */
function wrongSide(rst: RstRecord, around: Surroundings): Evidence | null {
  const { packet, direction, directionsBefore, from } = rst;
  const cameIn = (directionsBefore & (1 << packet.side)) !== 0;
  const wentOut = (directionsBefore & (4 << packet.side)) !== 0;
  // Both: a router, a bridge or an `any` device shows every packet on its way in and on its way out.
  if (direction === 0 || cameIn === wentOut || from.packets < 2) return null;
  if ((direction === CAME_IN) === cameIn) return null;
  const copy = around.rsts.some((one) => one.duplicateOf === packet.frame && one.direction !== direction);
  if (copy) return null;
  const others = `all ${from.packets} others of that side ${cameIn ? 'came in' : 'went out'}`;
  return {
    fact: 'direction-contradicts',
    frames: [{ input: around.input, frame: packet.frame }],
    expected: cameIn ? 'a packet that comes in' : 'a packet that goes out',
    received: direction === WENT_OUT ? 'a packet that goes out' : 'a packet that comes in',
    text:
      direction === WENT_OUT
        ? `the capturing host itself sent it in the name of ${around.sideText}: it goes out where ${others}`
        : `it came in from outside with this side’s own address, where ${others}`,
  };
}

/** The RST goes out of the capturing host, as all packets of its claimed sender did before it. */
export function leavesLikeAllOthers({ packet, direction, directionsBefore }: RstRecord): boolean {
  const cameIn = (directionsBefore & (1 << packet.side)) !== 0;
  const wentOut = (directionsBefore & (4 << packet.side)) !== 0;
  return direction === WENT_OUT && wentOut && !cameIn;
}

/** Queues, power saving and routes that change make an answer so much faster than all before it, but hardly more. */
const NEARER = 0.25;
/** Below this the hosts and the capture decide, not distance. */
const MEASURABLE_NS = 5e6;
/** With fewer packets of the host its fastest answer may be a slow one. */
const SAMPLES = 4;

/** A bare RST answers a segment; this one was there before the segment can have reached the host and come back. */
function tooEarly(rst: RstRecord, around: Surroundings): Evidence | null {
  const { packet, firstFitting, fittingIsFirst, from } = rst;
  if ((packet.flags & ACK) !== 0 || packet.window > 0 || firstFitting === null || !fittingIsFirst) return null;
  const roundTripNs = from.fastestAnswerNs;
  if (!Number.isFinite(roundTripNs) || roundTripNs < MEASURABLE_NS || from.packets < SAMPLES) return null;
  const delayNs = packet.tNs - firstFitting.tNs;
  if (delayNs >= roundTripNs * NEARER) return null;
  return {
    fact: 'answers-too-early',
    frames: [firstFitting.frame, packet.frame].map((frame) => ({ input: around.input, frame })),
    expected: `${ms(roundTripNs / 1e6)} at least, its fastest answer in this connection as seen from here`,
    received: `${ms(delayNs / 1e6)} after the first segment that it can answer`,
    text: `it came ${ms(delayNs / 1e6)} after the first segment that it can answer, but ${around.sideText} is ${ms(roundTripNs / 1e6)} away and back: something nearer answered`,
  };
}

const SAME_BURST_NS = 50e6;
const COMPARED = 16;

/** RSTs of one form at the same moment, but of different TTLs, and not one packet captured at two places. */
function severalDistances(rst: RstRecord, around: Surroundings): Evidence | null {
  const near = around.rsts
    .slice(0, COMPARED)
    .filter(
      (one) =>
        one.duplicateOf === null &&
        one.packet.side === rst.packet.side &&
        one.packet.flags === rst.packet.flags &&
        one.options === rst.options &&
        Math.abs(one.packet.tNs - rst.packet.tNs) < SAME_BURST_NS,
    );
  const ttls = [...new Set(near.map((one) => one.packet.ttl))];
  // Where the host’s own TTL is known, each RST is held against that.
  if (ttls.length < 2 || rst.from.ttl !== 0 || near.some((one) => near.some((two) => isCopy(one, two)))) return null;
  return {
    fact: 'ttl-varies',
    frames: near.map((one) => ({ input: around.input, frame: one.packet.frame })),
    expected: 'one TTL for packets of one host at one moment',
    received: `TTL ${ttls.join(', ')}`,
    text: `RSTs of the same form within ${ms(SAME_BURST_NS / 1e6)} carry TTL ${ttls.join(', ')}: they were not all sent by one host, or someone chose their TTLs`,
  };
}

function isCopy(one: RstRecord, two: RstRecord): boolean {
  const a = one.packet;
  const b = two.packet;
  return one !== two && a.seq === b.seq && a.ack === b.ack && a.window === b.window && a.ipId === b.ipId;
}

/**
 * A bare RST with an IP-ID and without DF, from a host whose packets show Linux's habits: its own bare RSTs have had IP-ID
 * 0 and DF since 2018 (commit 431280eebed9). Older kernels and rewriting devices exist, so this only supports other signs.
 */
export function foreignKernel(rst: RstRecord, around: Surroundings): Evidence | null {
  const { packet, from } = rst;
  const isLinux = from.timestamps && from.df === 1 && from.ipIdSteps >= 2;
  if (!isLinux || (packet.flags & ACK) !== 0 || packet.ipId <= 0 || packet.df !== 0) return null;
  return {
    fact: 'not-its-kernel',
    frames: [{ input: around.input, frame: packet.frame }],
    expected: 'IP-ID 0 and DF set, as Linux answers',
    received: `IP-ID ${packet.ipId}, DF clear`,
    text: `it has IP-ID ${packet.ipId} and no DF, where a kernel with the habits of ${around.sideText} answers with IP-ID 0 and DF`,
  };
}

/**
 * A bare IPv4 RST whose checksum is unfinished, on a host whose own packets show Linux's habits. Linux finishes the
 * checksum of its own answers in software (tcp_v4_send_reset, ip_send_unicast_reply) and leaves that of a REJECT to the
 * device (nf_send_reset). BSD and macOS leave both, but count no IP-IDs on packets with DF.
 */
export function unfinishedReject(rst: RstRecord, around: Surroundings): Evidence | null {
  const { packet, checksum, from } = rst;
  if (checksum !== 'partial' || (packet.flags & ACK) !== 0 || packet.ipId !== 0 || packet.window !== 0) return null;
  if (from.df !== 1 || from.ipIdSteps < 2) return null;
  return {
    fact: 'partial-checksum',
    frames: [{ input: around.input, frame: packet.frame }],
    expected: 'a finished checksum, as Linux writes into its own answers',
    received: 'only the pseudo header’s sum',
    text: 'its checksum is unfinished, so it was made on this machine or on a virtual link to it, and by a packet filter: Linux finishes the checksum of its own bare RSTs and leaves that of a REJECT to the network device',
  };
}
