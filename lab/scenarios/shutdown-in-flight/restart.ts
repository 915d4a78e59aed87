import { another, closeBoth, connected, exchange } from '../../exchange.ts';
import type { Connected } from '../../exchange.ts';
import { startPuppet } from '../../puppet.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';

const restarted: Scenario = defineScenario({
  id: 'shutdown-in-flight/restart',
  cause: 'shutdown-in-flight',
  kind: 'fires',
  title: 'A server restarts with eight requests in flight and is back at once',
  needs: NAMESPACES,
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: 8,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'shutdown-in-flight',
    equivalent: ['process-crash', 'drain-reset'],
    equivalentBecause:
      'only the exit of the process, which is not on the wire, tells a restart from a crash with a supervisor or from a proxy that cuts its sessions',
    why: 'SIGTERM ended a server with eight unanswered, unread requests; its successor listened right after and served the next connection',
  },
  async run(lab) {
    const first = await connected(lab);
    const all: Pick<Connected, 'client' | 'accepted'>[] = [first];
    while (all.length < 8) all.push(await another(lab, lab.network.puppet.client, first.listener));
    for (const both of all) await exchange(both, '/warm-up');
    for (const { client } of all) await client.send(request('/work'));
    await lab.network.settle();
    await lab.network.puppet.server.helper.stop('SIGTERM');
    const successor = await startPuppet(lab.cleanup, lab.network.namespace.server);
    const listener = await successor.listen(lab.host, lab.port);
    for (const { client } of all) await client.death();
    const next = await another(lab, lab.network.puppet.client, listener);
    await exchange(next, '/work');
    await closeBoth(next);
  },
});

const single: Scenario = defineScenario({
  id: 'shutdown-in-flight/single-abort',
  cause: 'shutdown-in-flight',
  kind: 'quiet',
  title: 'One connection is reset while the others of the listener go on',
  needs: NAMESPACES,
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'unread-data',
    equivalent: ['linger-zero', 'policy-abort', 'process-crash'],
    equivalentBecause:
      'whether the small request had been read is invisible on the wire, and one of several worker processes may have died',
    why: 'The server closed one of four connections with its request unread; the other three were served before and after',
  },
  async run(lab) {
    const first = await connected(lab);
    const all: Pick<Connected, 'client' | 'accepted'>[] = [first];
    while (all.length < 4) all.push(await another(lab, lab.network.puppet.client, first.listener));
    for (const both of all) await exchange(both, '/warm-up');
    const [victim, ...others] = all;
    await victim!.client.send(request('/work'));
    await lab.network.settle();
    await victim!.accepted.close();
    await victim!.client.death();
    for (const both of others) await exchange(both, '/work');
    for (const both of others) await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [restarted, single];
