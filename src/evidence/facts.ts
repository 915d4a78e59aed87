/**
 * The facts that causes judge: one connection that carried a RST, or went silent, told by side instead of by packet.
 * Everything here was read off packets; nothing is a judgement.
 */
import type { Role, RolesFrom, Side } from '../terms/actors.ts';
import type { Phase } from '../terms/phases.ts';
import type { Half } from '../flow/half.ts';
import type { HttpMessage } from '../flow/http1.ts';
import type { Opening, TlsSide } from '../flow/exchange.ts';
import type { Packet } from '../flow/packets.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import type { Mark } from '../flow/marks.ts';
import type { HostWitness } from './host/witness.ts';

/** One value for each side. */
export interface Both<T> {
  readonly client: T;
  readonly server: T;
}

export interface HostFacts {
  readonly address: string;
  readonly port: number;
  /** Id in the capture's host table. */
  readonly host: number;
  /** This and the next two may become better known until the capture ends. */
  role: Role;
  /** Where the role is known from: a hint of the user, an HTTP header, or only the direction of the SYN. */
  roleFrom: 'hint' | 'header' | 'direction';
  /** Software or host name, empty when unknown. */
  name: string;
}

/** What the applications did until the end. */
export interface Application {
  readonly lastSpeaker: Side | null;
  readonly opening: Both<Opening>;
  readonly firstText: Both<string>;
  readonly request: HttpMessage | null;
  readonly response: HttpMessage | null;
  readonly requests: number;
  readonly responses: number;
  /** The client's last message was sent whole; null when the bytes do not say. */
  readonly requestComplete: boolean | null;
  readonly responseComplete: boolean | null;
  /** A request waits for its answer; null when the bytes do not say. */
  readonly pending: boolean | null;
  readonly tls: Both<TlsSide>;
  readonly isTls: boolean;
  /** Times that the direction of the data turned. */
  readonly turns: number;
  /** Bytes and first frame of the last run of data in one direction. */
  readonly lastRunBytes: number;
  readonly lastRunFrame: number;
}

export type TriggerKind = 'syn' | 'syn-ack' | 'data' | 'fin' | 'ack' | 'keep-alive';

export interface Trigger {
  readonly packet: Packet;
  readonly kind: TriggerKind;
  /** From the trigger to the RST as the capture saw it, milliseconds. */
  readonly delayMs: number;
}

export interface ConnectionFacts {
  readonly row: number;
  readonly input: number;
  readonly client: HostFacts;
  readonly server: HostFacts;
  readonly rolesFrom: RolesFrom;
  /** Which side of the table's row is the client. */
  readonly clientSide: 0 | 1;
  readonly startSeen: boolean;
  readonly handshakeDone: boolean;
  readonly encapsulation: string;
  readonly observedAt: 'client' | 'server' | 'between' | 'unknown';
  readonly state: string;
  readonly history: string;
  readonly firstFrame: number;
  readonly lastFrame: number;
  /** Epoch seconds of the clock that `firstNs` and the other times count from. */
  readonly baseSeconds: number;
  readonly firstNs: number;
  readonly lastNs: number;
  /** Round trip between the capture point and each side, milliseconds; null while unknown. */
  readonly rttMs: Both<number | null>;
  readonly bytes: Both<number>;
  /** Time without application data before the end, milliseconds. */
  readonly idleMs: number | null;
  /** Time without any segment before the end, milliseconds. */
  readonly quietMs: number | null;
  readonly phase: Phase;
  readonly app: Application;
  /** Halves as they stood at the end that is judged. */
  readonly half: Both<Half>;
  readonly marks: readonly Mark[];
}

export interface ResetFacts extends ConnectionFacts {
  readonly kind: 'reset';
  /** The RST that ended the connection, and all of them. */
  readonly rst: RstRecord;
  readonly rsts: readonly RstRecord[];
  /** RSTs beyond those, by the side they claim. */
  readonly moreRsts: Both<number>;
  /** The side whose address the RST claims, and the other one. */
  readonly sender: Side;
  readonly receiver: Side;
  readonly atNs: number;
  readonly trigger: Trigger | null;
  /** Bytes in flight when the RST passed. */
  readonly unackedFromSender: number;
  readonly unackedFromReceiver: number;
  /** Room that the sender's last window still left for the receiver's data, in bytes; null when the scale is unknown. */
  readonly windowLeft: number | null;
  /** The window on the RST, in bytes. */
  readonly windowOnRst: number;
  /** TTLs that the sender's host used for the packet class of this RST in the whole capture; 0 when unknown. */
  readonly hostTtl: { readonly synAck: number; readonly segment: number };
  /** What the sender's own host says of it, known when the capture ends; absent when it says nothing. */
  witness?: HostWitness;
}

export interface SilenceFacts extends ConnectionFacts {
  readonly kind: 'silence';
  /** The side that spoke last and was not answered. */
  readonly unanswered: Side;
  /** Times that it repeated itself. */
  readonly repeats: number;
  /** From its first unanswered segment to its last, milliseconds. */
  readonly tryingMs: number;
  /** From its last try to the end of the capture, milliseconds. */
  readonly watchedMs: number;
}

/** The other side. */
export function other(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}
