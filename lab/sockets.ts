/** Events of Node sockets as promises, for scenarios that read from top to bottom. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, ServerOpts, Socket, TcpNetConnectOpts } from 'node:net';
import type { LabContext } from './context.ts';

/** A listening server and the connections it was given, in order. */
export interface Listening {
  readonly server: Server;
  /** The next accepted connection. */
  accept(): Promise<Socket>;
}

/** Listens on a port of the scenario and closes with it. */
export async function listen(lab: LabContext, options: ServerOpts = {}, port: number = lab.port): Promise<Listening> {
  const server = createServer(options);
  const accepted: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    lab.cleanup.defer('destroy accepted socket', () => socket.destroy());
    const next = waiting.shift();
    if (next === undefined) accepted.push(socket);
    else next(socket);
  });
  await started(lab, server, port);
  return {
    server,
    accept: () => {
      const socket = accepted.shift();
      return socket === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(socket);
    },
  };
}

/** Starts any server (net, http, tls) on a port of the scenario and closes it with the scenario. */
export async function started(lab: LabContext, server: Server, port: number = lab.port): Promise<void> {
  lab.cleanup.defer(`close listener ${port}`, () => server.close());
  server.listen(port, lab.host);
  await once(server, 'listening');
}

/** Connects to a port of the scenario; errors are the subject here and never throw. */
export async function dial(lab: LabContext, options: Partial<TcpNetConnectOpts> = {}): Promise<Socket> {
  const socket = connect({ host: lab.host, port: lab.port, ...options });
  lab.cleanup.defer('destroy dialled socket', () => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the kernel has taken the bytes; on loopback they are then in the peer's receive queue. */
export function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => resolve());
  });
}

/** Reads until `count` bytes have arrived, or the stream ended; what came. */
export async function read(socket: Socket, count: number): Promise<string> {
  let text = '';
  while (text.length < count && !socket.readableEnded && !socket.destroyed) {
    const part = socket.read() as Buffer | null;
    if (part === null) await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
    else text += part.toString('latin1');
  }
  return text;
}

/**
 * Resolves when the socket is closed, whatever closed it.
 * Not for a half-open socket that has seen its peer's FIN: Node no longer reads there and never learns of a RST.
 */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** A request as a browser would send it, at least `bytes` long. */
export function request(path: string, bytes: number = 0): string {
  const head = `GET ${path} HTTP/1.1\r\nHost: lab.example\r\nUser-Agent: lab\r\n`;
  const padding = Math.max(0, bytes - head.length - 'X-Padding: \r\n\r\n'.length);
  return padding > 0 ? `${head}X-Padding: ${'p'.repeat(padding)}\r\n\r\n` : `${head}\r\n`;
}

/** A complete response with a Content-Length. */
export function response(status: string, body: string, headers: string = ''): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
}
