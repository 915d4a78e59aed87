/**
 * The drain: stops a server without a client noticing. Readiness turns 503 while the server still accepts; every
 * answer tells its client to come back elsewhere; idle connections are left to their clients for a while, then
 * half-closed and read to their end; what is left at the deadline is cut and reported.
 */
import type { RequestListener, Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server } from 'node:net';
import { type Connection, isIdle, isTalking, trafficOf } from './connection.ts';
import { type Cut, cut } from './cut.ts';
import { sayFarewell } from './farewell.ts';
import { closeAfter } from './last-answer.ts';
import { keepIdle } from './keep-idle.ts';
import { linger, sendFin } from './linger.ts';
import { lingering } from './lingering.ts';
import { checkServer, type DrainOptions, readDrainOptions } from './options.ts';
import { type DrainState, readinessOf } from './readiness.ts';
import { onSignals } from './signals.ts';
import { stopListening } from './stop-listening.ts';
import { watch, type Watcher } from './watch.ts';

/** What a drain came to. */
export interface DrainReport {
  /** Milliseconds from the start to the last connection's end. */
  readonly durationMs: number;
  /** Connections that ended without force, from the start of the drain on. */
  readonly finished: number;
  readonly cut: readonly Cut[];
}

/** A server's way out. */
export interface Drain {
  readonly state: DrainState;
  /** Answers readiness probes: 200 while serving, 503 from the start of the drain. */
  readonly readiness: RequestListener;
  /** Resolves when a drain is over, whoever started it; never rejects. */
  readonly finished: Promise<DrainReport>;
  /** Starts the drain, or joins the one under way. */
  start(): Promise<DrainReport>;
  /** Takes the signal listeners off; before a drain, everything else too. A drain under way goes on. */
  dispose(): void;
}

/**
 * Prepares a server for a stop that resets no connection. Call it before the server listens: of connections accepted
 * earlier it cannot tell what HTTP/2 and bare TLS carry over TLS; it leaves those until they ask for something, or the
 * deadline, and warns of them (FIRSTHAND_DRAIN_LATE). Repeated SIGTERMs change nothing; a second SIGINT, more than a second after the start, cuts what is left.
 *
 * @example
 * const stop = drain(server);
 * app.get('/ready', stop.readiness);
 * const { cut } = await stop.finished; // after SIGTERM; now close what the handlers used
 */
export function drain(
  server: Server | HttpServer | Http2Server | Http2SecureServer,
  options: DrainOptions = {},
): Drain {
  checkServer('drain', server);
  const plan = readDrainOptions(options);
  const watched = watch(server);
  const early = options.lingering === false ? null : lingering(server, options.lingering);
  const graces: Map<Connection, NodeJS.Timeout> = new Map();
  const cuts: Cut[] = [];
  let state: DrainState = 'serving';
  let accepting = true;
  let forced = false;
  let startedMs = 0;
  let finishedCount = 0;
  let deadline: NodeJS.Timeout | undefined;
  let propagation: NodeJS.Timeout | undefined;
  let patience: NodeJS.Timeout | undefined;
  let listenerGone = false;
  let restoreIdle: (() => void) | undefined;
  let done: (report: DrainReport) => void;
  const finished = new Promise<DrainReport>((resolve) => {
    done = resolve;
  });

  const watcher: Watcher = {
    began(connection, exchange) {
      clearTimeout(graces.get(connection));
      if (exchange !== null) closeAfter(connection, exchange);
      else if (connection.session !== null) sayFarewell(connection.session, connection.socket);
    },
    idle: grant,
    opened: (connection) => {
      if (!accepting) grant(connection);
    },
    closed(connection) {
      clearTimeout(graces.get(connection));
      graces.delete(connection);
      if (!forced) finishedCount += 1;
      settle();
    },
    last(connection) {
      linger(connection, null);
      return true;
    },
  };

  // Connections are noted from now on.
  const presence: Watcher = {};
  watched.add(presence);
  warnOfUntold(watched.untold());
  const forgetSignals = onSignals(plan.signals, {
    first: () => void start(),
    hurry: force,
  });

  return {
    get state() {
      return state;
    },
    readiness: readinessOf(() => state),
    finished,
    start,
    dispose() {
      forgetSignals();
      if (state !== 'serving') return;
      early?.dispose();
      watched.remove(presence);
    },
  };

  function start(): Promise<DrainReport> {
    if (state !== 'serving') return finished;
    state = 'draining';
    startedMs = performance.now();
    deadline = setTimeout(force, plan.deadlineMs);
    early?.dispose();
    watched.add(watcher);
    restoreIdle = keepIdle(server, watched.connections);
    for (const connection of watched.connections) {
      for (const exchange of connection.exchanges) closeAfter(connection, exchange);
      if (connection.session !== null) sayFarewell(connection.session, connection.socket);
    }
    // Right after the poll for events, when the listener's queue has just been emptied: the kernel resets the
    // connections that wait in it (inet_csk_listen_stop() in net/ipv4/inet_connection_sock.c).
    propagation = setTimeout(() => setImmediate(stopAccepting), server.listening ? plan.propagationDelayMs : 0);
    return finished;
  }

  function stopAccepting(): void {
    if (!accepting) return;
    accepting = false;
    stopListening(server, () => {
      listenerGone = true;
      settle();
    });
    for (const connection of watched.connections) grant(connection);
  }

  /** Gives an idle connection its grace; the FIN comes at its end. One that talked meanwhile gets another. */
  function grant(connection: Connection): void {
    clearTimeout(graces.get(connection));
    if (accepting || forced || connection.ended || connection.closing || connection.protocol === 'handshake') return;
    const trafficBytes = trafficOf(connection);
    const over = (): void => {
      if (isTalking(connection, trafficBytes)) grant(connection);
      else leave(connection);
    };
    graces.set(connection, setTimeout(over, plan.idleGraceMs));
  }

  function force(): void {
    if (state !== 'draining' || forced) return;
    forced = true;
    watched.lookAround();
    const left = [...watched.connections];
    stopAccepting();
    for (const connection of left) cuts.push(...cut(connection));
    patience = setTimeout(giveUp, LAST_MS);
    settle();
  }

  /** Connections that cannot be found do not hold the process either; they are counted. */
  function giveUp(): void {
    server.getConnections((_, count) => {
      for (let unseen = 0; unseen < count; unseen += 1) cuts.push({ remote: 'unknown' });
      finish();
    });
  }

  function settle(): void {
    if (state === 'draining' && listenerGone && watched.connections.size === 0) finish();
  }

  function finish(): void {
    if (state === 'closed') return;
    state = 'closed';
    clearTimeout(patience);
    clearTimeout(deadline);
    clearTimeout(propagation);
    for (const timer of graces.values()) clearTimeout(timer);
    graces.clear();
    watched.remove(watcher);
    watched.remove(presence);
    restoreIdle?.();
    forgetSignals();
    done({ durationMs: performance.now() - startedMs, finished: finishedCount, cut: cuts });
  }
}

function warnOfUntold(count: number): void {
  if (count === 0) return;
  process.emitWarning(
    `drain() was called after the server had accepted TLS connections, and Node does not tell what they carry (${count}): those that ask for nothing more will be cut at the deadline of a drain. Call drain() before the server listens.`,
    { code: 'FIRSTHAND_DRAIN_LATE' },
  );
}

/** The end of an idle connection's grace. */
function leave(connection: Connection): void {
  if (connection.session !== null) sayFarewell(connection.session, connection.socket);
  else if (connection.protocol === 'raw' || connection.protocol === 'upgraded') sendFin(connection);
  else if (isIdle(connection)) linger(connection, null);
}

/** How long cut connections may take to be gone. */
const LAST_MS = 1000;
