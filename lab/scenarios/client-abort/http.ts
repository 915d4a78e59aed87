import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { IDENTIFIABLE, abortAfterAnswer } from '../../equivalents.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, started, write } from '../../sockets.ts';

const BODY_BYTES = 2_000_000;

const cancelled: Scenario = defineScenario({
  id: 'client-abort/cancelled-download',
  cause: 'client-abort',
  kind: 'fires',
  title: 'Client cancels a download in the middle of the response',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    ...IDENTIFIABLE,
    why: 'A Node HTTP client called request.destroy() on the first part of a 2 MB response; the rest was in flight and unread',
  },
  async run(lab) {
    const server = createServer((_, answer) => {
      answer.on('error', () => {});
      answer.writeHead(200, { 'content-length': BODY_BYTES, 'content-type': 'application/octet-stream' });
      answer.end(Buffer.alloc(BODY_BYTES, 'd'));
    });
    await started(lab, server);
    const asked: ClientRequest = get({ host: lab.host, port: lab.port, path: '/download', agent: false });
    asked.on('error', () => {});
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.on('error', () => {});
    await once(answer, 'data');
    asked.destroy();
    await closed(asked.socket!);
  },
});

const impatient: Scenario = defineScenario({
  id: 'client-abort/awaiting-answer',
  cause: 'client-abort',
  kind: 'fires',
  title: 'Client gives up while it waits for the answer',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    ...IDENTIFIABLE,
    why: 'The server had read the request and was still working; the client called resetAndDestroy() without having got a byte',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/slow'));
    await read(accepted, request('/slow').length);
    client.resetAndDestroy();
    accepted.resume();
    await closed(accepted);
  },
});

const serverAborts: Scenario = defineScenario({
  id: 'client-abort/server-aborts-download',
  cause: 'client-abort',
  kind: 'quiet',
  title: 'The same download, aborted by the server',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortAfterAnswer('linger-zero'),
    why: 'The server had read the request and sent a quarter of the response, which the client read; then it called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/download'));
    await read(accepted, request('/download').length);
    const part = `HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'d'.repeat(50_000)}`;
    await write(accepted, part);
    await read(client, part.length);
    accepted.resetAndDestroy();
    client.resume();
    await closed(client);
  },
});

const polite: Scenario = defineScenario({
  id: 'client-abort/finished-download',
  cause: 'client-abort',
  kind: 'quiet',
  title: 'The same download, finished and closed by FIN',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The client read the whole response and both sides closed by FIN',
  },
  async run(lab) {
    const server = createServer((_, answer) => {
      answer.writeHead(200, { 'content-length': 200_000, connection: 'close' });
      answer.end(Buffer.alloc(200_000, 'd'));
    });
    await started(lab, server);
    const asked = get({ host: lab.host, port: lab.port, path: '/download', agent: false });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    await closed(asked.socket!);
  },
});

export const scenarios: readonly Scenario[] = [cancelled, impatient, serverAborts, polite];
