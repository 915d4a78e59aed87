import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { acceptedBefore, answerOf } from './accepted-before.ts';
import { drain } from './drain.ts';
import { CERT, KEY } from './testing/certificate.ts';
import { connect, listen } from './testing/listen.ts';

const QUICK = { signals: false, propagationDelayMs: 0, idleGraceMs: 10, deadlineMs: 20_000 } as const;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe('acceptedBefore', () => {
  it('finds the connections of an HTTPS server and what they carry, so that a late drain() reports them', async () => {
    const server = https.createServer({ cert: CERT, key: KEY });
    const port = await listen(server);
    const agent = new https.Agent({ keepAlive: true, ca: CERT });
    cleanups.push(() => agent.destroy());
    const request = https.get({ host: 'localhost', family: 4, port, agent, path: '/slow' });
    const [, response] = (await once(server, 'request')) as [unknown, { end(text: string): void }];
    expect(acceptedBefore(server).map(answerOf)).toEqual([response]);

    const report = drain(server, QUICK).start();
    response.end('done');
    const [answer] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    answer.resume();
    expect(answer.headers.connection).toBe('close');
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('finds the connections of a raw server, and only its own', async () => {
    const [server, other] = [net.createServer(), net.createServer()];
    const [client] = [await connect(await listen(server)), await connect(await listen(other))];
    cleanups.push(() => other.close());
    await accepted(server);
    await accepted(other);
    expect(acceptedBefore(server)).toHaveLength(1);
    const report = drain(server, QUICK).start();
    expect(await client.end).toBe('end');
    client.socket.end();
    expect(await report).toMatchObject({ finished: 1, cut: [] });
  });

  it('finds none of HTTP/2: a half-close below it would break its sessions', async () => {
    const server = http2.createServer();
    const port = await listen(server);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    cleanups.push(
      () => session.destroy(),
      () => server.close(),
    );
    await once(server, 'session');
    expect(acceptedBefore(server)).toEqual([]);
  });
});

/** Until the server has taken what waits in its queue. */
async function accepted(server: Server): Promise<void> {
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)));
  while ((await count()) === 0) await new Promise((resolve) => setImmediate(resolve));
}
