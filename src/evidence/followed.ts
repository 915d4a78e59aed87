/**
 * Facts as they are held by the thousand: objects of one shape with a copy of their packets. Copies of facts by spreading
 * have a shape each as soon as their sources have several, and everything that reads them is slow from then on.
 */
import type { RolesFrom, Side } from '../terms/actors.ts';
import type { Phase } from '../terms/phases.ts';
import type { Half } from '../flow/half.ts';
import { marksIn, type Keepsake, type Mark } from '../flow/marks.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import type { Application, Both, ConnectionFacts, HostFacts, ResetFacts, SilenceFacts, Trigger } from './facts.ts';

/** What is read of any connection that was followed. */
export type OfConnection = Omit<ConnectionFacts, 'marks'>;
/** What is read besides of one that carried a RST, and of one that fell silent. */
export type OfReset = Omit<ResetFacts, keyof ConnectionFacts | 'kind'>;
export type OfSilence = Omit<SilenceFacts, keyof ConnectionFacts | 'kind'>;

class Followed implements ConnectionFacts {
  readonly row: number;
  readonly input: number;
  readonly client: HostFacts;
  readonly server: HostFacts;
  readonly rolesFrom: RolesFrom;
  readonly clientSide: 0 | 1;
  readonly startSeen: boolean;
  readonly handshakeDone: boolean;
  readonly encapsulation: string;
  readonly observedAt: ConnectionFacts['observedAt'];
  readonly state: string;
  readonly history: string;
  readonly firstFrame: number;
  readonly lastFrame: number;
  readonly baseSeconds: number;
  readonly firstNs: number;
  readonly lastNs: number;
  readonly rttMs: Both<number | null>;
  readonly bytes: Both<number>;
  readonly idleMs: number | null;
  readonly quietMs: number | null;
  readonly phase: Phase;
  readonly app: Application;
  readonly half: Both<Half>;
  readonly #kept: Keepsake;

  constructor(kept: Keepsake, own: OfConnection) {
    this.row = own.row;
    this.input = own.input;
    this.client = own.client;
    this.server = own.server;
    this.rolesFrom = own.rolesFrom;
    this.clientSide = own.clientSide;
    this.startSeen = own.startSeen;
    this.handshakeDone = own.handshakeDone;
    this.encapsulation = own.encapsulation;
    this.observedAt = own.observedAt;
    this.state = own.state;
    this.history = own.history;
    this.firstFrame = own.firstFrame;
    this.lastFrame = own.lastFrame;
    this.baseSeconds = own.baseSeconds;
    this.firstNs = own.firstNs;
    this.lastNs = own.lastNs;
    this.rttMs = own.rttMs;
    this.bytes = own.bytes;
    this.idleMs = own.idleMs;
    this.quietMs = own.quietMs;
    this.phase = own.phase;
    this.app = own.app;
    this.half = own.half;
    this.#kept = kept;
  }

  get marks(): readonly Mark[] {
    return marksIn(this.#kept);
  }
}

export class FollowedReset extends Followed implements ResetFacts {
  readonly kind = 'reset' as const;
  readonly rst: RstRecord;
  readonly rsts: readonly RstRecord[];
  readonly moreRsts: Both<number>;
  readonly sender: Side;
  readonly receiver: Side;
  readonly atNs: number;
  readonly trigger: Trigger | null;
  readonly unackedFromSender: number;
  readonly unackedFromReceiver: number;
  readonly windowLeft: number | null;
  readonly windowOnRst: number;
  readonly hostTtl: ResetFacts['hostTtl'];

  constructor(kept: Keepsake, own: OfConnection, reset: OfReset) {
    super(kept, own);
    this.rst = reset.rst;
    this.rsts = reset.rsts;
    this.moreRsts = reset.moreRsts;
    this.sender = reset.sender;
    this.receiver = reset.receiver;
    this.atNs = reset.atNs;
    this.trigger = reset.trigger;
    this.unackedFromSender = reset.unackedFromSender;
    this.unackedFromReceiver = reset.unackedFromReceiver;
    this.windowLeft = reset.windowLeft;
    this.windowOnRst = reset.windowOnRst;
    this.hostTtl = reset.hostTtl;
  }
}

export class FollowedSilence extends Followed implements SilenceFacts {
  readonly kind = 'silence' as const;
  readonly unanswered: Side;
  readonly repeats: number;
  readonly tryingMs: number;
  readonly watchedMs: number;

  constructor(kept: Keepsake, own: OfConnection, silence: OfSilence) {
    super(kept, own);
    this.unanswered = silence.unanswered;
    this.repeats = silence.repeats;
    this.tryingMs = silence.tryingMs;
    this.watchedMs = silence.watchedMs;
  }
}
