import { abortAfterAnswer } from '../../equivalents.ts';
import { connected, exchange } from '../../exchange.ts';
import type { LabContext } from '../../context.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';
import { pause } from '../../wait.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n';

/** A third of a response has been sent and read when the connection is ended. */
async function response(lab: LabContext, end: 'killed' | 'aborted'): Promise<void> {
  const both = await connected(lab);
  await both.client.send(request('/report'));
  await both.accepted.call('recv_exactly', { size: request('/report').length });
  await both.accepted.send(HEAD);
  await both.accepted.call('send', { size: 30_000 });
  await both.client.call('recv_exactly', { size: HEAD.length + 30_000 });
  await lab.network.settle();
  if (end === 'aborted') await both.accepted.abort();
  else await destroyOnServer(lab);
  await both.client.death();
}

async function destroyOnServer(lab: LabContext): Promise<void> {
  await lab.network.exec('server', 'ss', ['-K', 'state', 'established', 'sport', '=', `:${lab.port}`]);
}

const killed: Scenario = defineScenario({
  id: 'killed/in-mid-response',
  cause: 'killed',
  kind: 'fires',
  title: 'An operator kills the connection in the middle of a response',
  needs: [...NAMESPACES, 'ss'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'killed',
    equivalent: ['linger-zero', 'unread-data', 'process-crash'],
    equivalentBecause:
      'SOCK_DESTROY makes the RST that every abort of a live socket makes; only the host knows who asked for it',
    why: 'The server had sent a third of its response, and the client had it, when ss -K destroyed the server socket',
  },
  run: (lab) => response(lab, 'killed'),
});

const inUpload: Scenario = defineScenario({
  id: 'killed/in-mid-upload',
  cause: 'killed',
  kind: 'fires',
  title: 'An operator kills the connection in the middle of an upload',
  needs: [...NAMESPACES, 'ss'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'killed',
    equivalent: ['linger-zero', 'unread-data', 'process-crash', 'policy-abort', 'payload-rejected'],
    equivalentBecause:
      'SOCK_DESTROY makes the RST that every abort of a live socket makes: of a server that dislikes the request, of one that left a part unread, of one that was killed; only the host knows who asked for it',
    why: 'The server had read the head and the first 5 kB of a body of 50 kB when ss -K destroyed its socket',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    const head = 'POST /upload HTTP/1.1\r\nHost: lab\r\nContent-Length: 50000\r\n\r\n';
    await both.client.send(head);
    await both.client.call('send', { size: 5000 });
    await both.accepted.call('recv_exactly', { size: head.length + 5000 });
    await lab.network.acknowledged();
    await destroyOnServer(lab);
    await both.client.death();
  },
});

const quiet: Scenario = defineScenario({
  id: 'killed/quiet-connection',
  cause: 'killed',
  kind: 'fires',
  title: 'An operator kills a quiet connection of a pool',
  needs: [...NAMESPACES, 'ss'],
  where: 'namespaces',
  // Whether the response was complete is in its head, which a shorter snap length cuts off.
  fixed: ['snap'],
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'killed',
    equivalent: ['linger-zero', 'unread-data', 'process-crash', 'benign-close', 'idle-timeout'],
    equivalentBecause:
      'SOCK_DESTROY makes the RST that every abort of a live socket makes, and a second of quiet, seen once, may be an idle limit; only the host knows who asked for it',
    why: 'After two exchanges and a second of quiet ss -K destroyed the server socket',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await lab.network.acknowledged();
    await pause(1000);
    await destroyOnServer(lab);
    await both.client.death();
  },
});

const aborted: Scenario = defineScenario({
  id: 'killed/aborted-in-mid-response',
  cause: 'killed',
  kind: 'quiet',
  title: 'The same response, aborted by the server’s own program',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortAfterAnswer('linger-zero'),
    why: 'The server had sent a third of its response, and the client had it, when the server closed with SO_LINGER 0',
  },
  run: (lab) => response(lab, 'aborted'),
});

export const scenarios: readonly Scenario[] = [killed, inUpload, quiet, aborted];
