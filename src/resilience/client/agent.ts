import { Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https';
import type { Socket } from 'node:net';
import { keepAlive } from '../socket/keep-alive.ts';
import { type KeepAliveOptions, toSettings } from '../socket/keep-alive-options.ts';
import { canAskKernel, isOpenInKernel } from '../socket/open.ts';
import { idleLimitMs } from './idle-limit.ts';

export interface KeepAliveAgentOptions extends Omit<HttpsAgentOptions, 'keepAlive' | 'keepAliveMsecs'> {
  /** What the agent speaks; http unless given. */
  readonly protocol?: 'http' | 'https' | undefined;
  /**
   * How long a connection may be idle, in milliseconds, 1 to 2 147 483 647, whatever the server allows. Unless given:
   * 4000 where the server does not say, else what its `Keep-Alive: timeout=` leaves, at most ten minutes.
   */
  readonly idleMs?: number | undefined;
  /** A connection is retired this long before the server's hint, or a round trip before where that is longer; 1000 unless given. */
  readonly marginMs?: number | undefined;
  /** TCP keep-alive of each new connection; false leaves it to Node. */
  readonly tcp?: KeepAliveOptions | false | undefined;
}

/**
 * An agent for node:http, axios, got and node-fetch whose idle connections are retired before the server closes them,
 * and are checked before each reuse: one whose FIN or RST has arrived is never given to a request. With koffi the kernel
 * is asked, which costs a few microseconds; without it a request waits for one turn of the event loop.
 *
 * An agent cannot send a request again. If the server closes in the instant between the check and the write, the request
 * fails as before; only a client that knows whether it was sent may repeat it: `createClient()` does.
 *
 * @example
 * const httpsAgent = keepAliveAgent({ protocol: 'https' });
 * const api = axios.create({ httpAgent: keepAliveAgent(), httpsAgent });
 */
export function keepAliveAgent(options: KeepAliveAgentOptions & { readonly protocol: 'https' }): HttpsAgent;
export function keepAliveAgent(options?: KeepAliveAgentOptions): HttpAgent;
export function keepAliveAgent(options: KeepAliveAgentOptions = {}): HttpAgent {
  const { protocol, idleMs, marginMs = 1000, tcp, ...rest } = options;
  if (idleMs !== undefined) checkMs('idleMs', idleMs, 1);
  checkMs('marginMs', marginMs, 0);
  // Thrown here rather than at the first connection.
  const settings = tcp === false ? null : toSettings(tcp);
  const Agent = protocol === 'https' ? HttpsAgent : HttpAgent;
  const agent = new Agent({ ...rest, keepAlive: true, ...(settings && { keepAliveMsecs: settings.idleMs }) }) as Pool;
  if (settings !== null) keepConnectionsAlive(agent, settings);
  const connections = watchConnections(agent);
  retireIdle(agent, connections, (hint, roundTripMs) =>
    idleLimitMs(hint, { idleMs: idleMs ?? null, marginMs }, roundTripMs),
  );
  checkBeforeReuse(agent, connections);
  return agent;
}

/** The methods that Node documents for being overridden, and addRequest(), which agents have overridden since Node 0.10. */
interface Pool extends HttpAgent {
  readonly options: { readonly timeout?: number; readonly scheduling?: 'fifo' | 'lifo' };
  addRequest(request: ClientRequest, ...options: readonly unknown[]): void;
  /** False: the socket is not to be kept. */
  keepSocketAlive(socket: Socket): boolean;
}

interface Connection {
  openedMs: number;
  roundTripMs: number;
  /** performance.now() after which it must not be used again. */
  retireAtMs: number;
}

function keepConnectionsAlive(agent: Pool, settings: KeepAliveOptions): void {
  onConnection(agent, (socket) => keepAlive(socket, settings));
}

/** Measures the round trip of each connection: its TCP handshake. */
function watchConnections(agent: Pool): WeakMap<Socket, Connection> {
  const connections = new WeakMap<Socket, Connection>();
  onConnection(agent, (socket) => {
    const connection = { openedMs: performance.now(), roundTripMs: 0, retireAtMs: Infinity };
    connections.set(socket, connection);
    socket.once('lookup', () => (connection.openedMs = performance.now()));
    socket.once('connect', () => (connection.roundTripMs = performance.now() - connection.openedMs));
  });
  return connections;
}

/** Calls `see` with each new socket, whether createConnection() returns it or, through a tunnel, calls back with it. */
function onConnection(agent: Pool, see: (socket: Socket) => void): void {
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    let seen: unknown;
    const seeOnce = (socket: unknown): void => {
      if (!socket || socket === seen) return;
      seen = socket;
      see(socket as Socket);
    };
    // net.connect() calls it without arguments, as a listener of 'connect'.
    const made = createConnection(options, (...answer) => {
      seeOnce(answer[1]);
      callback?.(...answer);
    });
    seeOnce(made);
    return made;
  };
}

function retireIdle(
  agent: Pool,
  connections: WeakMap<Socket, Connection>,
  limitMs: (hint: string | undefined, roundTripMs: number) => number,
): void {
  const reuseSocket = agent.reuseSocket.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const connection = connections.get(socket);
    const { _httpMessage: message } = socket as { _httpMessage?: { res?: IncomingMessage } | null };
    const hint = message?.res?.headers['keep-alive'];
    const idleMs = limitMs(typeof hint === 'string' ? hint : undefined, connection?.roundTripMs ?? 0);
    if (idleMs === 0) return false;
    if (connection !== undefined) connection.retireAtMs = performance.now() + idleMs;
    socket.unref();
    // The agent destroys a free socket on its 'timeout'.
    socket.setTimeout(idleMs);
    return true;
  };
  agent.reuseSocket = (socket, request) => {
    reuseSocket(socket, request);
    (socket as Socket).setTimeout(agent.options.timeout ?? 0);
  };
}

function checkBeforeReuse(agent: Pool, connections: WeakMap<Socket, Connection>): void {
  const getName = agent.getName.bind(agent);
  const addRequest = agent.addRequest.bind(agent);
  let isAdding = false;
  // addRequest() asks for the name under which it then looks for a free socket: the moment to clear away the dead ones.
  agent.getName = (options) => {
    const name = getName(options);
    if (isAdding) {
      isAdding = false;
      dropUnusable(agent, name, connections);
    }
    return name;
  };
  const addChecked: Pool['addRequest'] = (...args) => {
    isAdding = true;
    try {
      addRequest(...args);
    } finally {
      isAdding = false;
    }
  };
  agent.addRequest = (...args) => {
    const isAnyIdle = Object.keys(agent.freeSockets).length > 0;
    if (!isAnyIdle || canAskKernel()) addChecked(...args);
    // The first turn may end a poll begun before the FIN arrived; the second has polled anew.
    else setImmediate(() => setImmediate(() => addChecked(...args)));
  };
}

/** Destroys the sockets that would be taken next until one is usable. */
function dropUnusable(agent: Pool, name: string, connections: WeakMap<Socket, Connection>): void {
  const free = agent.freeSockets[name] ?? [];
  const isFifo = agent.options.scheduling === 'fifo';
  for (let next = isFifo ? free[0] : free.at(-1); next !== undefined; next = isFifo ? free[0] : free.at(-1)) {
    if (isUsable(next, connections)) return;
    if (isFifo) free.shift();
    else free.pop();
    next.destroy();
  }
}

function isUsable(socket: Socket, connections: WeakMap<Socket, Connection>): boolean {
  if (socket.destroyed || !socket.writable || socket.readableEnded) return false;
  // The timer may be late: a busy event loop, a machine that slept.
  if (performance.now() > (connections.get(socket)?.retireAtMs ?? Infinity)) return false;
  return isOpenInKernel(socket) !== false;
}

function checkMs(name: string, value: unknown, min: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= 2_147_483_647) return;
  throw new RangeError(
    `${name} must be a whole number of milliseconds from ${min} to 2147483647, not ${String(value)}`,
  );
}
