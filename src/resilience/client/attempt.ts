/** One try of one operation, as it is reported to callbacks, in errors and on the diagnostics channel. */
import type { Phase } from '../../terms/phases.ts';
import { PerOrigin } from './per-origin.ts';

/** How much of a request left this process: `no` means that the kernel took not one byte. */
export type Sent = 'no' | 'partly' | 'yes';

export interface Attempt {
  /** Counts from 1, stale connections that were replaced included. */
  readonly n: number;
  /** How far the attempt came. */
  readonly phase: Phase;
  readonly sent: Sent;
  /** Whether the connection had carried a request before. */
  readonly reused: boolean;
  /** How long the connection had been quiet before this attempt, in milliseconds; 0 for a fresh one. */
  readonly idleMs: number;
  /** Status of the answer, where one came. */
  readonly status?: number;
  readonly error?: Error;
  /** The same in the words of OpenTelemetry's semantic conventions for HTTP clients (1.27). */
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface AttemptTarget {
  readonly method?: string;
  readonly origin?: string;
}

/** Adds the OpenTelemetry attributes. */
export function toAttempt(facts: Omit<Attempt, 'attributes'>, target: AttemptTarget = {}): Attempt {
  const { n, phase, sent, reused, idleMs, status, error } = facts;
  const attributes = attributesOf(facts, target);
  if (error === undefined && status !== undefined) return { n, phase, sent, reused, idleMs, status, attributes };
  return { ...facts, attributes };
}

type Attributes = Record<string, string | number>;

function attributesOf(
  { n, status, error }: Omit<Attempt, 'attributes'>,
  { method, origin }: AttemptTarget,
): Attributes {
  const found: Attributes = {};
  if (method !== undefined) found['http.request.method'] = method;
  if (origin !== undefined) {
    const { address, port, scheme } = servers.of(origin);
    if (address !== '') found['server.address'] = address;
    if (port !== 0) found['server.port'] = port;
    if (scheme !== '') found['url.scheme'] = scheme;
  }
  // The convention sets the count on re-sends only.
  if (n > 1) found['http.request.resend_count'] = n - 1;
  if (status !== undefined) found['http.response.status_code'] = status;
  if (error !== undefined) found['error.type'] = errorType(error);
  else if (status !== undefined && status >= 400) found['error.type'] = String(status);
  return found;
}

interface Server {
  readonly address: string;
  readonly port: number;
  readonly scheme: string;
}

/** Reading an origin costs more than all the rest of an attempt. */
const servers = new PerOrigin<Server>((origin) => {
  if (!URL.canParse(origin)) return { address: '', port: 0, scheme: '' };
  const { hostname, port, protocol } = new URL(origin);
  const standard = protocol === 'https:' ? 443 : 80;
  return {
    address: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? standard : Number(port),
    scheme: protocol.slice(0, -1),
  };
});

function errorType(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
