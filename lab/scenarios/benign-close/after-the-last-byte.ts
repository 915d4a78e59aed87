import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { makeCertificate } from '../../certificate.ts';
import { IDENTIFIABLE, abortAfterAnswer } from '../../equivalents.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, response, started, write } from '../../sockets.ts';
import { waitFor } from '../../wait.ts';

const clientResets: Scenario = defineScenario({
  id: 'benign-close/rst-instead-of-last-fin',
  cause: 'benign-close',
  kind: 'fires',
  title: 'Client has the whole response and the FIN, and answers by a RST instead of its own FIN',
  needs: LOOPBACK,
  where: 'loopback',
  // Whether the response was complete is in its head, which a shorter snap length cuts off.
  fixed: ['snap'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'benign-close',
    ...IDENTIFIABLE,
    why: 'Connection: close and a Content-Length; the client read everything to the end of the stream, then called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab, { allowHalfOpen: true });
    const accepted = await server.accept();
    await write(client, request('/page'));
    await read(accepted, request('/page').length);
    accepted.resume();
    accepted.end(response('200 OK', 'the whole page', 'Connection: close\r\n'));
    client.resume();
    await once(client, 'end');
    client.resetAndDestroy();
    await closed(accepted);
  },
});

const unreadCloseNotify: Scenario = defineScenario({
  id: 'benign-close/tls-close-notify-unread',
  cause: 'benign-close',
  kind: 'fires',
  title: 'TLS client closes after the whole response with the close_notify unread',
  needs: [...LOOPBACK, 'python3', 'openssl'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'benign-close',
    equivalent: ['client-abort', 'unread-data'],
    equivalentBecause: 'TLS hides whether the unread record was a close_notify or the rest of a response',
    why: 'The client read the response to its Content-Length; the close_notify and the FIN of the server were waiting unread when it closed',
  },
  async run(lab) {
    const server = createHttpsServer(await makeCertificate(lab.directory), (_, answer) => {
      answer.writeHead(200, { connection: 'close', 'content-length': 5 });
      answer.end('hello');
    });
    await started(lab, server);
    const puppet = await lab.puppet();
    const client = await puppet.connect(lab.host, lab.port);
    await client.call('tls');
    await client.send(request('/page'));
    let text = '';
    while (!text.endsWith('hello')) text += await client.receive();
    // The alert follows the last record; SIOCINQ counts it as soon as it has arrived.
    await waitFor('an unread close_notify', async () => ((await client.call('unread')) as number) > 0);
    await client.close();
  },
});

const truncated: Scenario = defineScenario({
  id: 'benign-close/response-cut-off',
  cause: 'benign-close',
  kind: 'quiet',
  title: 'A RST that cuts the response off',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortAfterAnswer('linger-zero'),
    why: 'The server promised 1000 bytes, sent 400 and called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/page'));
    await read(accepted, request('/page').length);
    const part = `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'p'.repeat(400)}`;
    await write(accepted, part);
    await read(client, part.length);
    accepted.resetAndDestroy();
    client.resume();
    await closed(client);
  },
});

const politeClose: Scenario = defineScenario({
  id: 'benign-close/four-way-close',
  cause: 'benign-close',
  kind: 'quiet',
  title: 'The same page, closed by two FINs',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'Both sides closed by FIN after the whole response',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/page'));
    await read(accepted, request('/page').length);
    accepted.resume();
    accepted.end(response('200 OK', 'the whole page', 'Connection: close\r\n'));
    client.resume();
    await Promise.all([closed(client), closed(accepted)]);
  },
});

export const scenarios: readonly Scenario[] = [clientResets, unreadCloseNotify, truncated, politeClose];
