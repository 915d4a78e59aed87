/**
 * The report, `schemaVersion` 1: the contract that text, JSON and every later rendering show.
 * `schema/report-v1.json` is the same contract for other languages; a test holds every output against it.
 * Fields are only ever added.
 */
import type { Remedy } from '../causes/define.ts';
import type { Evidence, FrameRef } from '../evidence/evidence.ts';
import type { Actor, Level, Role, RolesFrom, Side } from '../terms/actors.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { Impact, Retry } from '../terms/outcome.ts';
import type { Phase } from '../terms/phases.ts';

export type { Remedy } from '../causes/define.ts';
export type { Evidence, FrameRef } from '../evidence/evidence.ts';

export interface Report {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'firsthand'; readonly version: string };
  readonly inputs: readonly Input[];
  readonly summary: Summary;
  readonly stories: readonly Story[];
  readonly resets: readonly Reset[];
  readonly silences: readonly Silence[];
}

export interface Input {
  /** As the user named it; `-` is standard input. */
  readonly path: string;
  readonly format: string;
  /** Wireshark-style name of the first interface's link type, such as EN10MB. */
  readonly linkType: string;
  /** Frames in the file, whatever they carry: Wireshark's last frame number. */
  readonly packets: number;
  /** Size of the capture after decompression. */
  readonly bytes: number;
  /** Packets that the snap length cut. */
  readonly truncated: number;
  readonly damage: readonly Damage[];
  /** How the file was read: two passes over a file, one over a stream with bounded history. */
  readonly strategy: 'two-pass' | 'one-pass';
  /** Frames whose link type or tunnel is not decoded, by name; absent when there are none. */
  readonly undecoded?: Readonly<Record<string, number>>;
  /** What the reader wants said about this input, such as history that was folded to stay within memory. */
  readonly notes?: readonly string[];
}

export interface Damage {
  /** Byte offset in the (decompressed) capture. */
  readonly offset: number;
  readonly what: string;
}

export interface Summary {
  readonly packets: number;
  readonly tcpPackets: number;
  readonly connections: number;
  /** Entries of `resets`: incarnations of connections that carry at least one RST. */
  readonly resets: number;
  readonly rstPackets: number;
  readonly senders: readonly SenderCount[];
  readonly causes: readonly { readonly id: CauseId; readonly resets: number }[];
  /** Connections by Zeek's conn_state; tells a capture without resets that closed by FIN from one still open. */
  readonly states?: Readonly<Record<string, number>>;
}

export interface SenderCount {
  /** The source address that the RSTs claim. */
  readonly address: string;
  readonly rstPackets: number;
  readonly connections: number;
  readonly role: Role;
  readonly name?: string;
}

export interface Story {
  readonly title: string;
  readonly cause: CauseId | SilenceId;
  readonly resets: readonly string[];
  /** What sets these connections apart from those that survived. */
  readonly contrast: readonly string[];
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** From a role hint or a hosts file. */
  readonly name?: string;
}

export interface Connection {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly rolesFrom: RolesFrom;
  readonly startSeen: boolean;
  readonly views: readonly View[];
  /** Zeek's conn_state. */
  readonly state: string;
  /** Zeek's history letters. */
  readonly history: string;
  readonly openedAt: string;
  readonly durationMs: number;
  /** Time without application data before the end; null when no data was seen. */
  readonly idleMs: number | null;
  /** Time without any segment before the end. */
  readonly quietMs: number | null;
  readonly bytesFromClient: number;
  readonly bytesFromServer: number;
}

export interface View {
  readonly input: number;
  readonly observedAt: 'client' | 'server' | 'between' | 'unknown';
  readonly encapsulation: string;
  readonly firstFrame: number;
}

export interface Rst {
  readonly input: number;
  readonly frame: number;
  readonly at: string;
  readonly from: Side;
  readonly actor: Actor;
  readonly mechanism: Mechanism;
  readonly effect: 'accepted' | 'challenged' | 'ignored' | 'unknown';
  /** Frame of the same packet captured earlier; null when it is its own. */
  readonly duplicateOf: number | null;
  /** The same packet in the capture that saw it nearer to its sender; absent in that one. */
  readonly sameAs?: FrameRef;
  /** What its payload or its MPTCP options say, in printable characters; absent when they say nothing. */
  readonly says?: string;
  /** True for the RST that ended the connection. */
  readonly ended: boolean;
}

export interface Sender {
  /** The side whose address the RST claims. */
  readonly side: Side;
  readonly address: string;
  readonly port: number;
  /** Whether that endpoint really sent it. */
  readonly actor: Actor;
  readonly role: Role;
  readonly level: Level;
  readonly confidence: number;
  readonly name?: string;
  readonly process?: { readonly pid: number; readonly command: string };
}

export interface Verdict<Id extends string = CauseId> {
  readonly id: Id;
  readonly level: Level;
  readonly confidence: number;
  /** Causes that these vantage points cannot tell apart, the first one included. */
  readonly group?: readonly Id[];
}

/** One line of the ladder: a decisive frame. Rendered by the text, later by other skins. */
export interface LadderRow {
  readonly frame: number;
  /** Milliseconds since the connection's first frame. */
  readonly atMs: number;
  readonly from: Side;
  readonly label: string;
  /** How many packets were left out before this row. */
  readonly folded: number;
  readonly rst: boolean;
  /** With several captures: its frame in each of them, null where it was not seen. */
  readonly seen?: readonly (number | null)[];
}

export interface Reset {
  readonly id: string;
  readonly connection: Connection;
  readonly phase: Phase;
  readonly mechanism: Mechanism;
  readonly rsts: readonly Rst[];
  /** RST packets of this connection beyond those listed. */
  readonly moreRsts?: number;
  readonly sender: Sender;
  readonly cause: Verdict;
  readonly alternatives: readonly { readonly id: CauseId; readonly confidence: number }[];
  readonly impact: Impact;
  readonly retry: Retry;
  readonly evidence: readonly Evidence[];
  readonly remedies: readonly Remedy[];
  /** Commands that confirm the verdict, addresses filled in. */
  readonly confirm: readonly Remedy[];
  readonly cannotTell: readonly string[];
  readonly ladder: readonly LadderRow[];
  /** Wireshark display filter that shows this connection. */
  readonly displayFilter: string;
}

export interface Silence {
  readonly id: string;
  readonly connection: Connection;
  readonly phase: Phase;
  readonly cause: Verdict<SilenceId>;
  readonly alternatives: readonly { readonly id: SilenceId | 'unknown'; readonly confidence: number }[];
  readonly impact: Impact;
  readonly retry: Retry;
  readonly evidence: readonly Evidence[];
  readonly remedies: readonly Remedy[];
  readonly confirm: readonly Remedy[];
  readonly cannotTell: readonly string[];
  readonly ladder: readonly LadderRow[];
  readonly displayFilter: string;
}
