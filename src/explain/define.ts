/**
 * A pattern is data: how to recognise one wording of one program, and what it says about the connection. The same
 * condition in the same phase shares one meaning (meanings.ts), so that every language gets the same answer.
 */
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Condition } from '../terms/conditions.ts';
import type { Retry } from '../terms/outcome.ts';
import type { Phase } from '../terms/phases.ts';

/** The named groups that a pattern's expression may have; all optional. */
export const FIELD_NAMES = [
  /** The peer's address or name, as seen from the program that wrote the line, and its port. */
  'remote',
  'remotePort',
  'local',
  'localPort',
  /** Whoever sent the request, for lines of servers and proxies: address, and port where it is logged. */
  'client',
  'clientPort',
  /** The next hop of a proxy: address, `address:port` or URL. */
  'upstream',
  'time',
  'request',
  'status',
  'bytes',
  /** HAProxy's termination state, Envoy's response flag, a grpc status: the program's own code. */
  'code',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];
export type Fields = Readonly<Partial<Record<FieldName, string>>>;

/** A cause that fits the line, with the reason why it stands where it stands. */
export interface LikelyCause {
  readonly id: CauseId | SilenceId;
  readonly why: string;
}

/** A command to run next: `{remote}`, `{port}`, `{time}`, `{filter}`, `{socket}`, `{url}` are filled from the line. */
export interface Step {
  readonly text: string;
  readonly command: string;
}

/** What a wording says about the connection, whichever program says it. */
export interface Meaning {
  readonly condition: Condition;
  readonly phase: Phase;
  /** What happened at the TCP level: one or two sentences. */
  readonly what: string;
  readonly doubt: string;
  /** Who is cleared, and why. */
  readonly cleared: string;
  /** Most likely first; never empty. */
  readonly causes: readonly LikelyCause[];
  readonly retry: Retry;
  readonly next: readonly Step[];
  /** What would make it certain. */
  readonly certain: string;
}

/** A wording of one program. */
export interface Pattern extends Meaning {
  /** `nginx/recv-reset`: family and wording; stable once published. */
  readonly id: string;
  /** The program or library as people name it. */
  readonly program: string;
  /** Name of the file in patterns/. */
  readonly family: string;
  /** Lower case; at least one occurs in every line that `regex` matches, whatever the case there. */
  readonly literals: readonly string[];
  /** Linear in the length of the line; named groups are {@link FIELD_NAMES}. */
  readonly regex: RegExp;
  /** The message of an outer error that usually carries an inner one: any other pattern in the text is preferred. */
  readonly wraps?: true;
  /** One line of this wording, as the docs show it. */
  readonly example: string;
  /** Manual, source file or "run" with the version. */
  readonly sources: readonly string[];
}

/** A line that was recognised. */
export interface LineMatch {
  readonly pattern: Pattern;
  readonly fields: Fields;
}
