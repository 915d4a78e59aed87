/**
 * A kept-alive connection that ends under its second request: what each client makes of it, and how often the server
 * had that request. Exit 1 when a client of ours sends something again that may not be sent again, or fails a request
 * of which nothing was sent.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { parseArgs } from 'node:util';

import { renderTable } from '../bench/table.ts';
import { type Peer, PEERS } from './stale-clients.ts';

/** What ends the connection: the server in place of an answer, or in the very tick before the second request. */
const ENDS = ['FIN', 'RST', 'RST while idle'] as const;
const METHODS = ['GET', 'PUT', 'POST'] as const;

type End = (typeof ENDS)[number];
type Method = (typeof METHODS)[number];

interface Cell {
  readonly answered: boolean;
  /** How often the second operation reached the server's program. */
  readonly arrivals: number;
  /** How often it was executed by a server that honours keys. */
  readonly executions: number;
}

export const about: string = 'connections that end under a request: who recovers, who executes twice';

/** Prints the matrix; the number of wrong cells of ours decides the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  parseArgs({ args: [...args], options: {} });
  const columns = ENDS.flatMap((end) => METHODS.map((method) => ({ end, method })));
  const rows = await Promise.all(
    PEERS.map(async (peer) => {
      const cells: Cell[] = [];
      for (const { end, method } of columns) cells.push(await play(peer, end, method));
      return { peer, cells };
    }),
  );
  const head = ['', ...columns.map(({ end, method }) => `${end} ${method}`)];
  const lines = rows.map(({ peer, cells }) => [peer.name, ...cells.map(render)]);
  console.log(renderTable([head, ...lines]));
  console.log(
    '\nok or fails, and how often the request reached the server; (1 key): twice with the same Idempotency-Key, so a' +
      '\nserver that honours keys executes it once. "RST while idle": the reset precedes the request by less than a tick.',
  );
  const wrong = rows.flatMap(({ peer, cells }) =>
    cells.flatMap((cell, at) => {
      const why = peer.ours === undefined ? null : complaint(peer.ours, columns[at]!, cell);
      return why === null ? [] : [`${peer.name}, ${head[at + 1]}: ${why}`];
    }),
  );
  for (const line of wrong) console.error(line);
  return wrong.length === 0 ? 0 : 1;
}

async function play(peer: Peer, end: End, method: Method): Promise<Cell> {
  const sockets = new Set<Socket>();
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/first') return response.end('ok');
      const key = request.headers['idempotency-key'];
      keys.push(typeof key === 'string' ? key : undefined);
      if (end === 'RST while idle' || keys.length > 1) response.end('ok');
      else if (end === 'FIN') request.socket.end();
      else request.socket.resetAndDestroy();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  const url = await listen(server);
  const client = peer.make();
  try {
    await client.ask(`${url}/first`, 'GET');
    // Agents take a connection back a turn after its answer ended.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    if (end === 'RST while idle') for (const socket of sockets) socket.resetAndDestroy();
    const answered = await client.ask(`${url}/second`, method).then(
      (status) => status === 200,
      () => false,
    );
    const keyed = new Set(keys.filter((key) => key !== undefined)).size;
    return { answered, arrivals: keys.length, executions: keys.filter((key) => key === undefined).length + keyed };
  } finally {
    await client.close();
    server.close();
    server.closeAllConnections();
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function render({ answered, arrivals, executions }: Cell): string {
  const times = executions < arrivals ? `${arrivals}x (${executions} key)` : `${arrivals}x`;
  return `${answered ? 'ok' : 'fails'} ${times}`;
}

/** What is wrong with a cell of ours, or null. */
function complaint(
  ours: NonNullable<Peer['ours']>,
  { end, method }: { end: End; method: Method },
  cell: Cell,
): string | null {
  const unsent = end === 'RST while idle';
  if (unsent && !cell.answered) return 'nothing of it was sent, and it failed';
  if (unsent && cell.arrivals !== 1) return `it reached the server ${cell.arrivals} times`;
  if (method === 'POST' && cell.executions > 1) return `it was executed ${cell.executions} times`;
  const recovers = ours === 'keyed' || (ours === 'keyless' && method !== 'POST');
  if (!unsent && recovers && !cell.answered) return 'sending it again was safe, and it failed';
  if (!unsent && !recovers && cell.arrivals !== 1) return `it was sent ${cell.arrivals} times`;
  return null;
}
