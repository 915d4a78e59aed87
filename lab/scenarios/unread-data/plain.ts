import { abortWithoutAnswer } from '../../equivalents.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, response, write } from '../../sockets.ts';

const http500Bytes: Scenario = defineScenario({
  id: 'unread-data/http-500-bytes',
  cause: 'unread-data',
  kind: 'fires',
  title: 'Server closes with a 500-byte request unread',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'unread-data',
    ...abortWithoutAnswer('unread-data'),
    why: 'A Node server with pauseOnConnect got a 500-byte GET, read none of it and called destroy()',
  },
  async run(lab) {
    const server = await listen(lab, { pauseOnConnect: true });
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/report', 500));
    client.resume();
    accepted.destroy();
    await closed(client);
  },
});

const fullBuffer: Scenario = defineScenario({
  id: 'unread-data/full-receive-buffer',
  cause: 'unread-data',
  kind: 'fires',
  title: 'Server closes with its receive buffer full: the window in the RST reopens',
  needs: [...LOOPBACK, 'python3'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'unread-data',
    equivalent: ['process-crash', 'payload-rejected', 'protocol-mismatch'],
    equivalentBecause:
      'SIGKILL closes the same unread socket in the same way; and a server that says nothing does not show whether it refused the protocol or the length of what it left unread',
    why: 'The client wrote until the last window that the server, which reads nothing, had advertised was used up to its last byte; then the server called close(), and its RST has the window of an empty buffer',
  },
  async run(lab) {
    const puppet = await lab.puppet();
    const listener = await puppet.listen(lab.host, lab.port, { rcvbuf: 4096 });
    const client = await puppet.connect(lab.host, lab.port, { sndbuf: 8192 });
    const accepted = await listener.accept();
    await client.send(request('/upload'));
    // Until nothing more fits: the window that the peer advertised is used up, and the own buffer is full.
    while (((await client.call('send_some', { size: 65536 })) as number) > 0);
    await accepted.close();
    await client.death();
  },
});

const answered: Scenario = defineScenario({
  id: 'unread-data/answered-and-read',
  cause: 'unread-data',
  kind: 'quiet',
  title: 'The same request read, answered and closed by FIN',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The server read the 500-byte GET, answered it and ended the connection; the client did the same',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/report', 500));
    await read(accepted, 500);
    accepted.end(response('200 OK', 'done'));
    client.resume();
    accepted.resume();
    await Promise.all([closed(client), closed(accepted)]);
  },
});

export const scenarios: readonly Scenario[] = [http500Bytes, fullBuffer, answered];
