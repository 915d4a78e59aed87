import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { dialled, portOf } from './scene.ts';

it('headersTimeout shorter than keepAliveTimeout does not cut a kept-alive connection', async () => {
  const server = createServer({ headersTimeout: 200, connectionsCheckingInterval: 20 }, (request, response) => {
    response.end(`you asked for ${request.url}`);
  });
  server.keepAliveTimeout = 60_000;
  const port = await portOf(server);
  const idle = await dialled(port);
  idle.write('GET /first HTTP/1.1\r\nHost: example.net\r\n\r\n');
  await once(idle, 'data');

  // The clock: a connection that is opened after the idle one, and whose headers never end, is ended by headersTimeout.
  const slow = await dialled(port);
  slow.write('GET / HTTP/1.1\r\n');
  expect(await text(slow)).toMatch(/^HTTP\/1\.1 408 /);

  // In two parts: the shape of request that the old defect hit.
  idle.write('GET /second HTTP/1.1\r\n');
  idle.write('Host: example.net\r\n\r\n');
  const [answer] = (await once(idle, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 .*you asked for \/second$/s);
}, 30_000);
