/** Servers and clients of the tests: on ports the kernel chose, gone with the test. */
import { once } from 'node:events';
import http, { type Agent, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';

/** Starts to listen on loopback and returns the port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One request through an agent, its answer read to the end. */
export async function ask(port: number, options: RequestOptions & { agent: Agent }, body?: string): Promise<Answer> {
  const { request: send } = options.protocol === 'https:' ? https : http;
  const request = send({ host: '127.0.0.1', port, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode!, headers: response.headers, body: text };
}

/** A client that speaks bytes: what it got so far, and how it ended. */
export interface RawClient {
  readonly socket: Socket;
  text(): string;
  /** Resolves when the text so far matches; rejects when the connection ends before. */
  until(pattern: RegExp): Promise<string>;
  /** 'end' for the peer's FIN, else the code of the error. */
  readonly end: Promise<string>;
}

/** Connects; keeps its own side open when the server closes its own. */
export async function connect(port: number): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const end = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  await once(socket, 'connect');
  return { socket, text: () => text, until, end };

  function until(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        socket.off('data', look);
        resolve(text);
      };
      socket.on('data', look);
      void end.then((how) => reject(new Error(`${how} before ${pattern}: ${text}`)));
      look();
    });
  }
}
