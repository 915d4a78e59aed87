/** What logs tell once their lines are counted: groups of the same wording, findings about them, and one timeline of several logs. */
import type { CauseId, SilenceId } from '../../terms/causes.ts';
import type { Condition } from '../../terms/conditions.ts';
import type { Retry } from '../../terms/outcome.ts';
import type { Phase } from '../../terms/phases.ts';
import type { LineMatch, Step } from '../define.ts';

/** Recognises lines: by default every pattern of `explain`. */
export interface LineMatcher {
  /** ASCII, lower case; at least one occurs, in any case, in every line that `match` recognises. */
  readonly literals: readonly string[];
  readonly match: (line: string) => LineMatch | null;
}

export interface LogOptions {
  /** As the user named it; default `-`. */
  readonly path?: string;
  /** The latest moment a line can be from, epoch ms, from which the year of stamps without one is inferred; default now. */
  readonly latestMs?: number;
  /** Minutes east of UTC of stamps that state no zone, -840 to 840; default 0. */
  readonly zoneOffsetMin?: number;
  /** Default: every pattern of `explain`. */
  readonly matcher?: LineMatcher;
}

/** Takes one log in pieces of any size. Never throws on bytes; memory does not grow with the log. */
export interface LogReader {
  feed(bytes: Uint8Array): void;
  end(): LogReport;
}

/** Where in a log something stands. */
export interface Seen {
  /** ISO 8601 in UTC; null when the line bears no time. */
  readonly at: string | null;
  /** Line number, from 1. */
  readonly line: number;
}

export interface LogInput {
  readonly path: string;
  /** After decompression. */
  readonly bytes: number;
  readonly lines: number;
  /** Failures that a pattern recognised; a stack trace is one. */
  readonly recognised: number;
  /** Lines longer than 64 KiB, read to there. */
  readonly cutLines: number;
  /** Of these the ones that bear no time. */
  readonly timeless: number;
  /** Earliest and latest time of the lines that were decoded. */
  readonly from: string | null;
  readonly to: string | null;
  /** What was wrong with the file: a damaged compression, for one. */
  readonly damage: readonly string[];
}

export interface Peer {
  /** Address with the port where it is a service, name, or path of a socket. */
  readonly address: string;
  readonly count: number;
  readonly first: Seen;
  readonly last: Seen;
}

/** Which end the peer of a line is, as seen from the program that wrote it. */
export type PeerSide = 'client' | 'upstream' | 'remote' | 'none';

export interface Rate {
  /** Width of a bucket; a power of two of seconds. */
  readonly bucketMs: number;
  readonly from: string;
  readonly counts: readonly number[];
  /** Most of the lines in little of the time. */
  readonly burst: { readonly from: string; readonly to: string; readonly count: number } | null;
}

/** What the lines of a group have in common. */
export interface Finding {
  readonly kind: 'same-wait' | 'same-period' | 'only-large' | 'same-size' | 'only-request' | 'near-event';
  readonly text: string;
  /** Failures that show it, of those that could. */
  readonly count: number;
  readonly of: number;
  /** Milliseconds or bytes, by kind. */
  readonly value?: number;
  /** The cause that it speaks for. */
  readonly points?: CauseId | SilenceId;
}

/** All failures of one log with one wording about one kind of peer. */
export interface LogGroup {
  /** `g1`, `g2`… by number of lines. */
  readonly id: string;
  /** Position in `inputs`. */
  readonly input: number;
  readonly pattern: string;
  readonly program: string;
  readonly condition: Condition;
  readonly phase: Phase;
  readonly causes: readonly { readonly id: CauseId | SilenceId; readonly why: string }[];
  readonly retry: Retry;
  readonly what: string;
  readonly peerSide: PeerSide;
  readonly count: number;
  readonly first: Seen;
  readonly last: Seen;
  /** The first line, at most 300 characters. */
  readonly example: string;
  /** Commands with the addresses and the time of the first line. */
  readonly next: readonly Step[];
  /** The ten with the most lines. */
  readonly peers: readonly Peer[];
  readonly morePeers: number;
  /** Of the peers that are not listed. */
  readonly morePeerLines: number;
  /** True when more peers came than were kept apart: `morePeers` is then the least there can be. */
  readonly peersOverflowed: boolean;
  /** Null when no line bears a time. */
  readonly rate: Rate | null;
  readonly findings: readonly Finding[];
}

export type NearbyKind = 'oom' | 'crash' | 'restart' | 'stop' | 'start' | 'backend-down';

/** A line about the life of a process. */
export interface Nearby {
  readonly input: number;
  readonly kind: NearbyKind;
  readonly seen: Seen;
  /** What it means, in a few words. */
  readonly text: string;
  /** At most 200 characters. */
  readonly example: string;
}

/** Something that went on in one log without a pause. */
export interface Episode {
  readonly input: number;
  readonly from: string;
  readonly to: string;
  readonly line: number;
  readonly count: number;
  /** Pattern id, or the kind of a nearby line. */
  readonly what: string;
  readonly text: string;
  readonly addresses: readonly string[];
}

/** Episodes that belong together: within the skew of each other. */
export interface Moment {
  readonly from: string;
  readonly to: string;
  readonly episodes: readonly Episode[];
  /** Addresses that more than one log names; empty when only the time joins them. */
  readonly shared: readonly string[];
}

export interface LogReport {
  readonly schemaVersion: 1;
  readonly inputs: readonly LogInput[];
  readonly groups: readonly LogGroup[];
  readonly moreGroups: number;
  readonly moreGroupLines: number;
  readonly nearby: readonly Nearby[];
  readonly moreNearby: number;
  readonly timeline: readonly Moment[];
  readonly moreMoments: number;
  /** Assumptions and limits, a sentence each. */
  readonly notes: readonly string[];
}
