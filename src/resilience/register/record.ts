/** What `error.firsthand` is: the story of one failed connection as the process that lost it saw it. */
import type { CauseId, SilenceId } from '../../terms/causes.ts';
import type { Condition } from '../../terms/conditions.ts';
import type { Retry } from '../../terms/outcome.ts';
import type { Phase } from '../../terms/phases.ts';

/** The last thing that the peer was seen to send. */
export type LastFromPeer = 'rst' | 'fin' | 'data' | 'nothing';

/** A request without headers, body, query and credentials: those may hold secrets, and a stack ends up in logs. */
export interface RequestLine {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
}

/** Facts of one failure, as counted in this process; a member that could not be known is null. */
export interface Facts {
  /** ISO 8601. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly syscall: string | null;
  readonly condition: Condition;
  readonly phase: Phase;
  /** Which end of the connection this process was. */
  readonly side: 'client' | 'server';
  readonly peer: { readonly host: string | null; readonly address: string | null; readonly port: number | null };
  readonly localPort: number | null;
  /** Path of a Unix socket or Windows pipe. */
  readonly pipe: string | null;
  readonly tls: boolean;
  readonly tlsEstablished: boolean | null;
  readonly protocol: 'http/1' | 'h2' | null;
  /** Since the connection was established; null when it never was. */
  readonly ageMs: number | null;
  /** Since the connect began; null on a connection that was accepted. */
  readonly sinceConnectMs: number | null;
  /** Quiet time between the end of the previous request and this one; null on a fresh connection. */
  readonly idleMs: number | null;
  readonly reused: boolean;
  /** Requests that this connection had carried to their end before. */
  readonly servedBefore: number;
  readonly request: RequestLine | null;
  /** Since the request began. */
  readonly requestMs: number | null;
  /** Bytes read since the request began, or since the connect when no request is known. */
  readonly bytesRead: number;
  /** Bytes handed to the kernel since the request began, or since the connect when no request is known. */
  readonly bytesWritten: number;
  readonly lastFromPeer: LastFromPeer;
  readonly finSeen: boolean;
  /** This process destroyed the connection or the request by itself. */
  readonly endedHere: boolean;
}

/** What the facts say; see judge.ts. */
export interface Judgement {
  readonly cause: CauseId | SilenceId;
  /** Never proof: one end of a connection cannot prove who sent a RST. */
  readonly level: 'likely' | 'possible';
  /** Causes that look the same from inside this process, the named one first; one member when nothing else fits. */
  readonly group: readonly (CauseId | SilenceId)[];
  /** One sentence: what happened. */
  readonly title: string;
  /** One sentence: which facts say so. */
  readonly why: string;
  readonly retry: Retry;
}

/** The frozen value of `error.firsthand`. */
export interface FirsthandRecord extends Facts, Judgement {
  /** The next command to run, addresses filled in. */
  readonly next: string;
}

declare global {
  interface Error {
    /** Present on connection errors in a process started with `--import firsthand/register`. */
    readonly firsthand?: FirsthandRecord;
  }
}
