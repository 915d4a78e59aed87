/** What is remembered of each socket: a few numbers and strings, and never the socket itself. */
import { hiddenField } from './hidden-field.ts';

/**
 * All times are milliseconds of performance.now(), NaN when not known: a field that is always a number is written
 * in place, one that is sometimes null makes garbage on each request.
 */
export interface Ledger {
  readonly connectStartedMs: number;
  connectedMs: number;
  host: string | null;
  address: string | null;
  port: number | null;
  localPort: number | null;
  pipe: string | null;
  http2: boolean;
  begun: number;
  ended: number;
  /** When the previous request ended. */
  restedMs: number;
  /** The method of the request that uses the connection; null between requests. */
  method: string | null;
  /** As given, query included; the record drops the query. */
  target: string;
  startedMs: number;
  /** Quiet time before the request. */
  idleMs: number;
  readAtStart: number;
  writtenAtStart: number;
  failure: SeenFailure | null;
  endedHere: boolean;
}

/** The connection's own failure, kept for the errors that Node derives from it: `aborted`, `socket hang up`. */
export interface SeenFailure {
  readonly code: string;
  readonly syscall: string | null;
}

export interface Target {
  readonly host: string | null;
  readonly port: number | null;
  readonly pipe: string | null;
}

const ledgers = hiddenField<Ledger>();

export function ledgerOf(socket: object): Ledger | undefined {
  return ledgers.get(socket);
}

/** Begins the ledger of a socket whose connect() was just called; a socket may connect more than once. */
export function openLedger(socket: object, { host, port, pipe }: Target): Ledger {
  const ledger = newLedger(performance.now());
  ledger.host = host;
  ledger.port = port;
  ledger.pipe = pipe;
  ledgers.set(socket, ledger);
  return ledger;
}

/** The ledger of a socket that may have been accepted, or have been made around another, before it was seen. */
export function ledgerFor(socket: object): Ledger {
  let ledger = ledgers.get(socket);
  if (ledger === undefined) {
    ledger = newLedger(Number.NaN);
    ledgers.set(socket, ledger);
  }
  return ledger;
}

/** Notes that a request begins to use the connection. */
export function beginRequest(ledger: Ledger, socket: object, method: string, target: string): void {
  const nowMs = performance.now();
  ledger.method = method;
  ledger.target = target;
  ledger.startedMs = nowMs;
  // Of a first request it is NaN, as nothing has ended.
  ledger.idleMs = nowMs - ledger.restedMs;
  ledger.readAtStart = bytesRead(socket);
  ledger.writtenAtStart = bytesHandedOver(socket);
  ledger.begun++;
}

/** Notes that the request was answered whole. */
export function endRequest(ledger: Ledger): void {
  if (ledger.ended < ledger.begun) ledger.ended++;
  ledger.restedMs = performance.now();
  ledger.method = null;
}

/** Bytes read from the kernel so far. */
export function bytesRead(socket: object): number {
  return (socket as { bytesRead?: number }).bytesRead ?? 0;
}

/** Bytes given to the kernel so far; `bytesWritten` alone would count those that still wait in the stream. */
export function bytesHandedOver(socket: object): number {
  const counted = socket as { _bytesDispatched?: number; bytesWritten?: number };
  // One after the other: the getter of `bytesWritten` walks the queue.
  return counted._bytesDispatched ?? counted.bytesWritten ?? 0;
}

/** The ledger of a request that never had a connection. */
export function unconnectedLedger(host: string | null): Ledger {
  return { ...newLedger(Number.NaN), host, endedHere: true };
}

function newLedger(connectStartedMs: number): Ledger {
  return {
    connectStartedMs,
    connectedMs: Number.NaN,
    host: null,
    address: null,
    port: null,
    localPort: null,
    pipe: null,
    http2: false,
    begun: 0,
    ended: 0,
    restedMs: Number.NaN,
    method: null,
    target: '',
    startedMs: Number.NaN,
    idleMs: Number.NaN,
    readAtStart: 0,
    writtenAtStart: 0,
    failure: null,
    endedHere: false,
  };
}
