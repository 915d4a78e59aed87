import { abortAfterAnswer } from '../../equivalents.ts';
import { connected } from '../../exchange.ts';
import type { LabContext } from '../../context.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';

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
  else await lab.network.exec('server', 'ss', ['-K', 'state', 'established', 'sport', '=', `:${lab.port}`]);
  await both.client.death();
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

const byClientSide: Scenario = defineScenario({
  id: 'killed/on-the-client',
  cause: 'killed',
  kind: 'fires',
  title: 'An operator kills the connection on the client’s host while the answer is awaited',
  needs: [...NAMESPACES, 'ss'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'killed',
    equivalent: ['client-abort', 'linger-zero', 'process-crash', 'unread-data'],
    equivalentBecause:
      'a client that gives up, one that is killed and one whose socket an operator destroys send the same RST; only the host knows',
    why: 'The server had read the request and not answered; ss -K destroyed the client socket',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.client.send(request('/slow'));
    await both.accepted.call('recv_exactly', { size: request('/slow').length });
    await lab.network.acknowledged();
    await lab.network.exec('client', 'ss', ['-K', 'state', 'established', 'dport', '=', `:${lab.port}`]);
    await both.accepted.death();
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

export const scenarios: readonly Scenario[] = [killed, byClientSide, aborted];
