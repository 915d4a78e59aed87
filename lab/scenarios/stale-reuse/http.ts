import { once } from 'node:events';
import { createServer } from 'node:http';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { TCP_STATE } from '../../puppet.ts';
import { LOOPBACK, NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { dial, request, response, started, write } from '../../sockets.ts';

const ANSWER = response('200 OK', 'hello', 'Connection: keep-alive\r\n');

const late: Scenario = defineScenario({
  id: 'stale-reuse/late',
  cause: 'stale-reuse',
  kind: 'fires',
  title: 'Pool sends a request on a connection whose FIN arrived long ago',
  needs: LOOPBACK,
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'stale-reuse',
    ...IDENTIFIABLE,
    why: 'A Node HTTP server closed the idle connection by FIN after its keepAliveTimeout; the client had the FIN, did not look, and sent its second request',
  },
  async run(lab) {
    const server = createServer((_, answer) => answer.end('hello'));
    server.keepAliveTimeout = 300;
    await started(lab, server);
    const client = await dial(lab, { allowHalfOpen: true });
    await write(client, request('/first'));
    await once(client, 'readable');
    const ended = once(client, 'end');
    client.resume();
    await ended;
    await write(client, request('/second'));
  },
});

const race: Scenario = defineScenario({
  id: 'stale-reuse/race',
  cause: 'stale-reuse',
  kind: 'fires',
  title: 'The FIN of an idle close and the next request cross on the way',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'stale-reuse',
    ...IDENTIFIABLE,
    why: 'The server closed the idle connection at the moment at which the client sent its next request: each was on the way when the other was sent',
  },
  async run(lab) {
    const { client: clients, server: servers } = lab.network.puppet;
    const listener = await servers.listen(lab.host, lab.port);
    const client = await clients.connect(lab.host, lab.port);
    const accepted = await listener.accept();
    for (const path of ['/first', '/second']) {
      await client.send(request(path));
      await accepted.receive();
      await accepted.send(ANSWER);
      await client.receive();
    }
    await Promise.all([client.send(request('/third')), accepted.close()]);
    await client.death();
  },
});

const works: Scenario = defineScenario({
  id: 'stale-reuse/reuse-that-works',
  cause: 'stale-reuse',
  kind: 'quiet',
  title: 'The second request comes before the idle limit',
  needs: [...LOOPBACK, 'python3'],
  where: 'loopback',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'Both requests were answered on one connection; after the idle limit the server closed by FIN and the client closed too',
  },
  async run(lab) {
    const server = createServer((_, answer) => answer.end('hello'));
    server.keepAliveTimeout = 300;
    await started(lab, server);
    const puppet = await lab.puppet();
    const client = await puppet.connect(lab.host, lab.port);
    for (const path of ['/first', '/second']) {
      await client.send(request(path));
      await client.receive();
    }
    await client.state(TCP_STATE.closeWait);
    await client.close();
  },
});

const aborted: Scenario = defineScenario({
  id: 'stale-reuse/aborted-on-reuse',
  cause: 'stale-reuse',
  kind: 'quiet',
  title: 'The second request on a kept connection is aborted by a live server',
  needs: [...LOOPBACK, 'python3'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'unread-data',
    equivalent: ['linger-zero', 'policy-abort', 'process-crash'],
    equivalentBecause: 'whether the second request had been read is invisible on the wire',
    why: 'The server answered the first request; it closed with the second one unread, and had not closed before',
  },
  async run(lab) {
    const puppet = await lab.puppet();
    const listener = await puppet.listen(lab.host, lab.port);
    const client = await puppet.connect(lab.host, lab.port);
    const accepted = await listener.accept();
    await client.send(request('/first'));
    await accepted.receive();
    await accepted.send(ANSWER);
    await client.receive();
    await client.send(request('/second'));
    await accepted.close();
    await client.death();
  },
});

export const scenarios: readonly Scenario[] = [late, race, works, aborted];
