import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createInterface } from 'node:readline';
import { startHelper } from '../../lab/helper.ts';
import { dialled, endOf, failureOf, fetched, portOf, undoAfterTest } from './scene.ts';

describe('ECONNRESET and a crash', () => {
  it('comes from a healthy server, which answers the next request', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/reset') request.socket.resetAndDestroy();
      else response.end(`pid ${process.pid}`);
    });
    const port = await portOf(server);
    expect((await failureOf(fetched(port, '/reset'))).code).toBe('ECONNRESET');
    expect((await fetched(port, '/again')).body).toBe(`pid ${process.pid}`);
  }, 30_000);

  it('does not come from a killed server that had read everything: its kernel sends a FIN', async () => {
    const code = `const server = require('node:net').createServer((socket) => socket.on('data', () => socket.write('read')));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
    const victim = await startHelper(undoAfterTest(), process.execPath, ['-e', code]);
    const [port] = (await once(createInterface({ input: victim.child.stdout! }), 'line')) as [string];
    const client = await dialled(Number(port));
    client.write('hello');
    await once(client, 'readable');
    const end = endOf(client);
    await victim.stop('SIGKILL');
    expect(await end).toBeNull();
  }, 30_000);
});
