/** A socket, its ledger and its error → facts. */
import { ERRNOS } from '../../terms/errno.ts';
import type { Condition } from '../../terms/conditions.ts';
import type { Phase } from '../../terms/phases.ts';
import { bytesHandedOver, bytesRead, type Ledger } from './ledger.ts';
import type { Facts, LastFromPeer, RequestLine } from './record.ts';

export interface ConnectionError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
}

/** The codes that get a story. The last two are undici's names for a FIN instead of an answer and a connect timeout. */
const TOLD: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether the error is one of those that this module tells about. */
export function isTold(error: ConnectionError): boolean {
  return TOLD.has(error.code);
}

/** Collects what is known at this moment; `socket` is null for a request that never had one. */
export function toFacts(error: ConnectionError, ledger: Ledger, socket: object | null): Facts {
  const nowMs = performance.now();
  const asking = ledger.method !== null;
  const side = sideOf(ledger, socket);
  const finSeen = socket !== null && hasSeenFin(socket);
  const { code, syscall } = wireFailure(error, ledger);
  const connected = !Number.isNaN(ledger.connectedMs);
  const read = connected && socket !== null ? bytesRead(socket) - (asking ? ledger.readAtStart : 0) : 0;
  const written = connected && socket !== null ? bytesHandedOver(socket) - (asking ? ledger.writtenAtStart : 0) : 0;
  const tlsEstablished = socket === null ? null : tlsState(socket);
  return {
    at: new Date().toISOString(),
    code: String(error.code),
    message: String(error.message),
    syscall,
    condition: conditionOf(code, finSeen, ledger),
    phase: phaseOf(ledger, side, read, tlsEstablished, connected),
    side,
    peer: {
      host: ledger.host,
      address: ledger.address ?? (typeof error.address === 'string' ? error.address : null),
      port: ledger.port ?? (typeof error.port === 'number' ? error.port : null),
    },
    localPort: ledger.localPort,
    pipe: ledger.pipe,
    tls: tlsEstablished !== null,
    tlsEstablished,
    protocol: ledger.http2 || isH2(socket) ? 'h2' : ledger.begun > 0 ? 'http/1' : null,
    ageMs: since(ledger.connectedMs, nowMs),
    sinceConnectMs: since(ledger.connectStartedMs, nowMs),
    idleMs: asking ? round(ledger.idleMs) : since(ledger.restedMs, nowMs),
    reused: ledger.begun > 1 || (ledger.begun === 1 && !asking),
    // HTTP/2 answers overlap: those asked before are counted.
    servedBefore: ledger.http2 ? Math.max(0, ledger.begun - 1) : ledger.ended,
    request: asking ? withoutQuery(ledger.method, ledger.target) : null,
    requestMs: asking ? since(ledger.startedMs, nowMs) : null,
    bytesRead: Math.max(0, read),
    // What waits for the TLS handshake was taken from the stream, and has not left this process.
    bytesWritten: tlsEstablished === false ? 0 : Math.max(0, written),
    lastFromPeer: lastFromPeer(code, finSeen, ledger, read),
    finSeen,
    endedHere: ledger.endedHere,
  };
}

/** Whether the peer's FIN was read. */
export function hasSeenFin(socket: object): boolean {
  // `readableEnded` turns true only after the 'end' event, which is later than some errors are made.
  const { _readableState: state, readableEnded } = socket as {
    _readableState?: { ended?: boolean };
    readableEnded?: boolean;
  };
  return state?.ended ?? readableEnded ?? false;
}

/** Node makes `aborted` and `socket hang up` (both ECONNRESET) after the connection's own error, which tells more. */
function wireFailure(error: ConnectionError, { failure }: Ledger): { code: unknown; syscall: string | null } {
  if (failure !== null) return failure;
  return { code: error.code, syscall: typeof error.syscall === 'string' ? error.syscall : null };
}

function conditionOf(code: unknown, finSeen: boolean, { endedHere, failure }: Ledger): Condition {
  if (endedHere) return 'aborted';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'timed-out';
  if (code === 'UND_ERR_SOCKET') return finSeen ? 'closed' : 'unknown';
  // Node's own ECONNRESET, without an error from the kernel, stands for a FIN.
  if (code === 'ECONNRESET' && failure === null && finSeen) return 'closed';
  return ERRNOS.find((errno) => errno.code === code)?.condition ?? 'unknown';
}

function phaseOf(
  ledger: Ledger,
  side: Facts['side'],
  read: number,
  tlsEstablished: boolean | null,
  connected: boolean,
): Phase {
  if (!connected) return side === 'client' ? 'connect' : 'unknown';
  if (tlsEstablished === false) return 'handshake';
  if (ledger.method === null) return ledger.begun > 0 ? 'idle' : 'unknown';
  return side === 'client' && read === 0 ? 'request' : 'response';
}

function lastFromPeer(code: unknown, finSeen: boolean, { endedHere, failure }: Ledger, read: number): LastFromPeer {
  const fromKernel = failure !== null || !finSeen;
  if (!endedHere && fromKernel && (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNREFUSED')) return 'rst';
  if (finSeen) return 'fin';
  return read > 0 ? 'data' : 'nothing';
}

/** Which end this is: asked late, because servers name themselves on an accepted socket only after it has begun to read. */
function sideOf({ connectStartedMs }: Ledger, socket: object | null): Facts['side'] {
  return Number.isNaN(connectStartedMs) && (socket as { server?: unknown } | null)?.server ? 'server' : 'client';
}

function isH2(socket: object | null): boolean {
  return (socket as { alpnProtocol?: unknown } | null)?.alpnProtocol === 'h2';
}

/** Null without TLS, else whether its handshake is done. */
function tlsState(socket: object): boolean | null {
  const { encrypted, secureConnecting } = socket as { encrypted?: boolean; secureConnecting?: boolean };
  return encrypted === true ? secureConnecting !== true : null;
}

/** A request as it may be shown. */
export function withoutQuery(method: unknown, target: unknown): RequestLine {
  const path = String(target ?? '').replace(/[?#].*$/s, '');
  return { method: String(method ?? '').slice(0, MAX_CHARS), path: path.slice(0, MAX_CHARS) };
}

const MAX_CHARS = 200;

function since(startMs: number, nowMs: number): number | null {
  return round(nowMs - startMs);
}

/** Microseconds are noise; what is not known is null. */
function round(ms: number): number | null {
  return Number.isNaN(ms) ? null : Math.round(ms * 10) / 10;
}
