/** A TCP proxy that resets a share of the exchanges, before the request reaches a server or after the answer left it. */
import { once } from 'node:events';
import * as net from 'node:net';

export interface FaultProxy {
  readonly port: number;
  /** Exchanges reset so far. */
  readonly resets: { before: number; after: number };
  close(): Promise<void>;
}

type Fate = 'before' | 'after' | 'pass';

/** `share` of the exchanges is reset, half before and half after, as `seed` decides; connections go round `ports`. */
export async function startFaultProxy(ports: readonly number[], share: number, seed: number): Promise<FaultProxy> {
  const random = mulberry32(seed);
  const resets = { before: 0, after: 0 };
  const clients: Set<net.Socket> = new Set();
  let connections = 0;
  const server = net.createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    serve(client, ports[connections++ % ports.length]!);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    resets,
    close: async () => {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };

  function serve(client: net.Socket, port: number): void {
    const upstream = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let fate: Fate = 'pass';
    /** No client of the proof pipelines: bytes after an answer begin a request. */
    let isAnswered = true;
    client.on('data', (chunk: Buffer) => {
      if (isAnswered) {
        isAnswered = false;
        const roll = random();
        fate = roll < share / 2 ? 'before' : roll < share ? 'after' : 'pass';
      }
      if (fate === 'before') return cut('before');
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      isAnswered = true;
      if (fate === 'after') return cut('after');
      client.write(chunk);
    });
    // A killed server and a client that leaves end the other side the same way.
    upstream.on('error', () => client.resetAndDestroy());
    upstream.on('close', () => client.resetAndDestroy());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());

    function cut(which: 'before' | 'after'): void {
      resets[which]++;
      client.resetAndDestroy();
      upstream.destroy();
    }
  }
}

/** A 32-bit generator: the same faults for the same seed, as far as the order of requests is the same. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
