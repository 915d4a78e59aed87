/** Signs on a RST and around it: for its claimed sender, and against it. */
import type { Evidence } from '../evidence/evidence.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK } from '../wire/tcp.ts';
import { OPT_TIMESTAMPS } from '../wire/tcp-options.ts';
import { answersSyn } from './answers-syn.ts';
import type { Surroundings } from './surroundings.ts';

export interface Signs {
  readonly input: number;
  /** Signs that the claimed sender did send it. */
  readonly inFavour: number;
  readonly evidence: readonly Evidence[];
  /** Signs that somebody else did. */
  readonly against: readonly Evidence[];
  readonly missesTimestamps: boolean;
  /** One machine writes the packets of both sides; null where nothing says so. It says nothing of one RST, but of all. */
  readonly oneCounter: Evidence | null;
}

/** Reordering moves a clock of at most 1 kHz (RFC 7323 §5.4) back by a few ticks; this far back it is another clock. */
const TS_SKEW = 100_000;

export function readSigns(rst: RstRecord, around: Surroundings): Signs {
  const { packet, from, to } = rst;
  const here = [{ input: around.input, frame: packet.frame }];
  const evidence: Evidence[] = [];
  const against: Evidence[] = [];
  let inFavour = 0;
  const bare = (packet.flags & ACK) === 0;
  const oneCounter = counterOfBoth(rst, around);

  const ttl = baselineTtl(rst, around);
  // A second copy of the same packet was captured a hop further on, where every TTL is lower.
  const answer = bare || answersSyn(rst);
  if (ttl > 0 && rst.duplicateOf === null && !(answer && Math.abs(packet.ttl - ttl) > OTHER_STACK)) {
    if (packet.ttl === ttl) inFavour++;
    else {
      against.push({
        fact: 'ttl-differs',
        frames: here,
        expected: `TTL ${ttl}`,
        received: `TTL ${packet.ttl}`,
        text: `TTL ${packet.ttl} where ${around.sideText} otherwise uses ${ttl}`,
      });
    }
  }
  const hasTs = (rst.options & OPT_TIMESTAMPS) !== 0;
  const negotiated = from.timestamps && to.timestamps;
  if (hasTs && from.lastTsVal >= 0 && packet.tsVal !== 0) {
    const step = seqDiff(packet.tsVal, from.lastTsVal);
    if (-step > TS_SKEW) {
      against.push({
        fact: 'timestamp-skew',
        frames: here,
        expected: `TSval ≥ ${from.lastTsVal}`,
        received: `TSval ${packet.tsVal}`,
        text: 'its timestamp does not continue the sender’s clock',
      });
    } else if (oneCounter === null) {
      inFavour++;
      evidence.push({
        fact: 'timestamp-continues',
        frames: here,
        text: 'its timestamp continues the sender’s clock',
      });
    }
  }
  if (!bare && from.ipId >= 0 && from.ipIdSteps >= 2 && from.ipIdJumps === 0 && packet.ipId >= 0) {
    const step = (packet.ipId - from.ipId) & 0xffff;
    if (step >= 1 && step <= 3 && oneCounter === null) {
      inFavour++;
      evidence.push({
        fact: 'ip-id-continues',
        frames: here,
        expected: `IP-ID ${(from.ipId + 1) & 0xffff}`,
        received: `IP-ID ${packet.ipId}`,
        text: 'its IP-ID is the next of the connection’s own counter',
      });
    } else if (from.ipIdSteps >= 4 && step > 64) {
      against.push({
        fact: 'ip-id-jumps',
        frames: here,
        expected: `IP-ID ${(from.ipId + 1) & 0xffff}`,
        received: `IP-ID ${packet.ipId}`,
        text: 'its IP-ID leaves the connection’s own counter',
      });
    }
  }
  if (packet.window > 0 && (rst.options & OPT_TIMESTAMPS) !== 0) inFavour++;
  if (bare && packet.ipId === 0 && packet.df === 1 && packet.window === 0) inFavour++;
  if (!bare && from.df === 1 && packet.df === 0 && packet.ipId >= 0 && !answersSyn(rst)) {
    against.push({
      fact: 'df-differs',
      frames: here,
      expected: 'DF set',
      received: 'DF clear',
      text: 'DF is clear on the RST and set on everything else of that side',
    });
  }
  return {
    input: around.input,
    inFavour,
    evidence,
    against: [...against, ...copiedIpId(rst, around)],
    missesTimestamps: negotiated && !hasTs && !bare,
    oneCounter,
  };
}

/** Whoever writes both directions knows both sides' clocks and counters, and can continue them. */
function counterOfBoth({ oneCounterFrames }: RstRecord, around: Surroundings): Evidence | null {
  if (oneCounterFrames.length === 0) return null;
  return {
    fact: 'one-ip-id-counter',
    frames: oneCounterFrames.map((frame) => ({ input: around.input, frame })),
    expected: 'a counter of IP-IDs for each host',
    received: 'one counter for the packets of both',
    text: 'both sides’ IP-IDs come from one counter: a device in between writes for both, and may have sent the RST itself',
  };
}

/**
 * A RST without a socket ignores the TTL that the application set on its sockets, 1 or 255 with BGP
 * (tcp_v4_send_reset): so far apart are two settings of one host, not two hosts.
 */
const OTHER_STACK = 30;

/** The TTL that the claimed sender otherwise uses, as near to the RST's packet class as the capture shows; 0 unknown. */
function baselineTtl(rst: RstRecord, around: Surroundings): number {
  // A route that changed during the connection left no habit to hold the RST against.
  if (rst.from.ttl !== 0) return Math.max(0, rst.from.ttl);
  if (rst.from.ttlSyn > 0) return rst.from.ttlSyn;
  return around.hostTtl.segment > 0 ? around.hostTtl.segment : around.hostTtl.synAck;
}

/** Injectors copy header fields of the packet they saw; an endpoint does not know them. */
function copiedIpId(rst: RstRecord, around: Surroundings): Evidence[] {
  const { packet } = rst;
  const trigger = rst.trigger ?? rst.lastFromReceiver;
  if (trigger === null || packet.ipId <= 0 || packet.ipId !== trigger.ipId) return [];
  // Some hosts write one constant on all they send, the SYN included.
  if (rst.from.ipId === packet.ipId || rst.from.ipIdSyn === packet.ipId) return [];
  return [
    {
      fact: 'ip-id-copied',
      frames: [trigger, packet].map((p) => ({ input: around.input, frame: p.frame })),
      received: `IP-ID ${packet.ipId} on both`,
      text: 'it carries the IP-ID of the very packet it answers, which belongs to the other host',
    },
  ];
}
