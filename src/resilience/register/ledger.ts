/** What is remembered of each socket: a few numbers and strings, and never the socket itself. */

export interface CurrentRequest {
  readonly method: string;
  /** As given, query included; the record drops the query. */
  readonly target: string;
  readonly startedMs: number;
  readonly idleMs: number | null;
  readonly readAtStart: number;
  readonly writtenAtStart: number;
}

/** All times are milliseconds of performance.now(). */
export interface Ledger {
  readonly connectStartedMs: number | null;
  connectedMs: number | null;
  host: string | null;
  address: string | null;
  port: number | null;
  localPort: number | null;
  pipe: string | null;
  http2: boolean;
  begun: number;
  ended: number;
  /** When the previous request ended. */
  restedMs: number | null;
  request: CurrentRequest | null;
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

// Weak, so that nothing here keeps a socket or its buffers alive.
const ledgers: WeakMap<object, Ledger> = new WeakMap();

export function ledgerOf(socket: object): Ledger | undefined {
  return ledgers.get(socket);
}

/** Begins the ledger of a socket whose connect() was just called; a socket may connect more than once. */
export function openLedger(socket: object, { host, port, pipe }: Target): Ledger {
  const ledger = newLedger(performance.now());
  Object.assign(ledger, { host, port, pipe });
  ledgers.set(socket, ledger);
  return ledger;
}

/** The ledger of a socket that may have been accepted, or have been made around another, before it was seen. */
export function ledgerFor(socket: object): Ledger {
  let ledger = ledgers.get(socket);
  if (ledger === undefined) {
    ledger = newLedger(null);
    ledgers.set(socket, ledger);
  }
  return ledger;
}

/** Notes that a request begins to use the connection. */
export function beginRequest(ledger: Ledger, socket: object, method: string, target: string): void {
  const nowMs = performance.now();
  ledger.request = {
    method,
    target,
    startedMs: nowMs,
    idleMs: ledger.begun > 0 && ledger.restedMs !== null ? nowMs - ledger.restedMs : null,
    readAtStart: bytesRead(socket),
    writtenAtStart: bytesHandedOver(socket),
  };
  ledger.begun++;
}

/** Notes that the request was answered whole. */
export function endRequest(ledger: Ledger): void {
  if (ledger.ended < ledger.begun) ledger.ended++;
  ledger.restedMs = performance.now();
  ledger.request = null;
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
  return { ...newLedger(null), host, endedHere: true };
}

function newLedger(connectStartedMs: number | null): Ledger {
  return {
    connectStartedMs,
    connectedMs: null,
    host: null,
    address: null,
    port: null,
    localPort: null,
    pipe: null,
    http2: false,
    begun: 0,
    ended: 0,
    restedMs: null,
    request: null,
    failure: null,
    endedHere: false,
  };
}
