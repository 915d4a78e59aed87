/** What a log of strace tells of a socket and of the processes that had it. */
import type { LogTime } from './log-time.ts';

/** Something that happened, with its line. */
export interface Moment {
  readonly line: number;
  readonly time: LogTime;
  readonly pid: number;
}

export interface FailedCall extends Moment {
  readonly call: string;
  readonly errno: string;
}

export interface Release extends Moment {
  /** `close`, or `exit` when the process ended with it open. */
  readonly by: 'close' | 'exit';
}

export interface TracedSocket {
  /** Either may be empty, and the local address 0.0.0.0 or ::. */
  readonly local: string;
  readonly remote: string;
  /** The log shows how it came to be; otherwise what was read before is unknown. */
  readonly opened: (Moment & { readonly by: 'accept' | 'connect' }) | null;
  readonly pids: ReadonlySet<number>;
  /** Bytes that the application took. */
  readonly received: number;
  /** Every call that can take bytes is in the log, so that `received` is all of them. */
  readonly counted: boolean;
  /** SO_LINGER {1, 0}, its own or its listener's; null when never set or taken back. */
  readonly lingerZero: Moment | null;
  readonly shutdown: Moment | null;
  /** The first write behind its own shutdown. */
  readonly writeAfterShutdown: Moment | null;
  /** The first call that failed. */
  readonly failed: FailedCall | null;
  /** The last descriptor was let go. */
  readonly release: Release | null;
  /** It was closed while another thread was inside a read. */
  readonly closedUnderReader: { readonly reader: Moment; readonly closer: Moment } | null;
}

export interface ProcessEnd extends Moment {
  readonly signal: string;
  readonly status: number;
}
