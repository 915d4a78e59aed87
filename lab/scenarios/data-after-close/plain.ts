import { once } from 'node:events';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, write } from '../../sockets.ts';

const LINE = '<14>lab app: a line of log\n';
const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const CHUNK = `400\r\n${'c'.repeat(0x400)}\r\n`;

const clientWritesOn: Scenario = defineScenario({
  id: 'data-after-close/client-writes-on',
  cause: 'data-after-close',
  kind: 'fires',
  title: 'Server says goodbye and closes, client writes on',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'data-after-close',
    ...IDENTIFIABLE,
    why: 'The server read three log lines, wrote "bye" and closed by FIN; the client, which does not look, sent a fourth line',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab, { allowHalfOpen: true });
    const accepted = await server.accept();
    for (let line = 0; line < 3; line++) {
      await write(client, LINE);
      await read(accepted, LINE.length);
    }
    const ended = once(client, 'end');
    accepted.write('bye\n');
    accepted.end(() => accepted.destroy());
    client.resume();
    await ended;
    await write(client, LINE);
  },
});

const clientLeaves: Scenario = defineScenario({
  id: 'data-after-close/client-leaves-mid-response',
  cause: 'data-after-close',
  kind: 'fires',
  title: 'Client closes by FIN in the middle of a streamed response, server streams on',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'data-after-close',
    ...IDENTIFIABLE,
    why: 'The client had read all that had arrived and closed, which sends a FIN; the next chunk of the server got a bare RST',
  },
  async run(lab) {
    const server = await listen(lab, { allowHalfOpen: true });
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/events'));
    await read(accepted, request('/events').length);
    await write(accepted, HEAD);
    await write(accepted, CHUNK);
    await read(client, HEAD.length + CHUNK.length);
    const ended = once(accepted, 'end');
    accepted.resume();
    client.destroy();
    await ended;
    await write(accepted, CHUNK);
  },
});

const halfClose: Scenario = defineScenario({
  id: 'data-after-close/half-close',
  cause: 'data-after-close',
  kind: 'quiet',
  title: 'A proper half-close: data after the FIN of the reader',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The client ended its direction only; the server sent its answer after that FIN and the client read it',
  },
  async run(lab) {
    const server = await listen(lab, { allowHalfOpen: true });
    const client = await dial(lab, { allowHalfOpen: true });
    const accepted = await server.accept();
    const ended = once(accepted, 'end');
    client.end(request('/events'));
    accepted.resume();
    await ended;
    await write(accepted, HEAD);
    await write(accepted, CHUNK);
    accepted.end('0\r\n\r\n');
    client.resume();
    await closed(client);
  },
});

const abort: Scenario = defineScenario({
  id: 'data-after-close/client-aborts-mid-response',
  cause: 'data-after-close',
  kind: 'quiet',
  title: 'Client aborts the same streamed response instead of closing it',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    ...IDENTIFIABLE,
    why: 'The client called resetAndDestroy() in the middle of the stream; there was no FIN before',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/events'));
    await read(accepted, request('/events').length);
    await write(accepted, HEAD);
    await write(accepted, CHUNK);
    await read(client, HEAD.length + CHUNK.length);
    accepted.resume();
    client.resetAndDestroy();
    await closed(accepted);
  },
});

export const scenarios: readonly Scenario[] = [clientWritesOn, clientLeaves, halfClose, abort];
