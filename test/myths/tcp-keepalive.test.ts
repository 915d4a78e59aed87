import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { request, started } from '../../lab/sockets.ts';
import { film } from './film.ts';
import { FILMED, lacks } from './needs.ts';

describe.skipIf(lacks('myth: a TCP keep-alive extends an HTTP idle timeout', FILMED))('TCP keep-alive', () => {
  it('probes an idle connection, is answered, and the HTTP server closes it all the same', async () => {
    let leftOver = 'nothing read';
    const [seen] = await film({ where: 'loopback', resets: 0 }, async (lab) => {
      const server = createServer((_, answer) => answer.end('hello'));
      server.keepAliveTimeout = 1500;
      await started(lab, server);
      const client = await (await lab.puppet()).connect(lab.host, lab.port);
      await client.call('keepalive', { idleS: 1, intervalS: 1, count: 9 });
      await client.send(request('/first'));
      await client.receive();
      leftOver = await client.receive();
      await client.close();
    });
    expect(leftOver).toBe('');
    const order = seen!.segments.map(({ from, flags }) => `${from} ${flags}`);
    const closedAt = order.indexOf('server F.');
    const answeredAt = seen!.segments.findLastIndex(({ from, lenBytes }) => from === 'server' && lenBytes > 0);
    // After the client's ACK of the answer and before the FIN there is nothing but probes and their answers.
    expect(order.slice(answeredAt + 2, closedAt).slice(0, 2)).toEqual(['client .', 'server .']);
    expect(seen!.segments.slice(answeredAt + 1, closedAt).every(({ lenBytes }) => lenBytes === 0)).toBe(true);
  }, 60_000);
});
