import { abortWithoutAnswer } from '../../equivalents.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, listen, read, request, response, write } from '../../sockets.ts';

const keptAlive: Scenario = defineScenario({
  id: 'linger-zero/after-response',
  cause: 'linger-zero',
  kind: 'fires',
  title: 'Server resets a connection right after the complete response',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: ['benign-close', 'unread-data', 'process-crash'],
    equivalentBecause:
      'the response was complete and acknowledged, so this is also a RST in place of the FIN; consumption is invisible on the wire',
    why: 'The server read the whole request, sent the whole response, the client read it, and the server called resetAndDestroy()',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/orders'));
    await read(accepted, request('/orders').length);
    const answer = response('200 OK', 'twelve bytes');
    await write(accepted, answer);
    await read(client, answer.length);
    accepted.resetAndDestroy();
    client.resume();
    await closed(client);
  },
});

const insteadOfAnswer: Scenario = defineScenario({
  id: 'linger-zero/instead-of-response',
  cause: 'linger-zero',
  kind: 'fires',
  title: 'Server reads the request and resets instead of answering',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortWithoutAnswer('linger-zero'),
    why: 'The server read the whole 500-byte request and called resetAndDestroy() without an answer',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/orders', 500));
    await read(accepted, 500);
    accepted.resetAndDestroy();
    client.resume();
    await closed(client);
  },
});

const finInstead: Scenario = defineScenario({
  id: 'linger-zero/closed-by-fin',
  cause: 'linger-zero',
  kind: 'quiet',
  title: 'Server destroys the socket after the response with nothing unread: a FIN',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The server had read everything and called destroy(), which sends a FIN; the client closed too',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab);
    const accepted = await server.accept();
    await write(client, request('/orders'));
    await read(accepted, request('/orders').length);
    const answer = response('200 OK', 'twelve bytes');
    await write(accepted, answer);
    await read(client, answer.length);
    accepted.destroy();
    client.resume();
    await closed(client);
  },
});

const passive: Scenario = defineScenario({
  id: 'linger-zero/bare-answer',
  cause: 'linger-zero',
  kind: 'quiet',
  title: 'A bare RST after the same response: the client wrote on after the FIN',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'data-after-close',
    equivalent: [],
    why: 'The server closed by FIN after the response; bytes that the client sent afterwards were answered with a bare RST',
  },
  async run(lab) {
    const server = await listen(lab);
    const client = await dial(lab, { allowHalfOpen: true });
    const accepted = await server.accept();
    await write(client, 'LIST\r\n');
    await read(accepted, 6);
    await write(accepted, 'one\r\ntwo\r\nbye\r\n');
    await read(client, 15);
    const ended = new Promise((resolve) => client.once('end', resolve));
    accepted.destroy();
    client.resume();
    await ended;
    await write(client, 'MORE\r\n');
  },
});

export const scenarios: readonly Scenario[] = [keptAlive, insteadOfAnswer, finInstead, passive];
