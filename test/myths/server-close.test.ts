import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { fetched, portOf } from './scene.ts';

it('server.close() goes on answering, with keep-alive, on a connection that was busy; Connection: close ends it', async () => {
  let say: string | null = null;
  const server = createServer((request, response) => {
    if (request.url === '/busy') server.close();
    if (say !== null) response.setHeader('Connection', say);
    response.end(request.url);
  });
  const port = await portOf(server);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const closed = once(server, 'close');

  const first = await fetched(port, '/busy', { agent });
  expect([first.body, first.headers.connection]).toEqual(['/busy', 'keep-alive']);
  const second = await fetched(port, '/after-close', { agent });
  expect([second.body, second.headers.connection]).toEqual(['/after-close', 'keep-alive']);

  say = 'close';
  const last = await fetched(port, '/last', { agent });
  expect([last.body, last.headers.connection]).toEqual(['/last', 'close']);
  await closed;
}, 30_000);
