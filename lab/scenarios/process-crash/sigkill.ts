import { another, closeBoth, connected, exchange } from '../../exchange.ts';
import type { Connected } from '../../exchange.ts';
import { TCP_STATE, startPuppet } from '../../puppet.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';

const killed: Scenario = defineScenario({
  id: 'process-crash/sigkill',
  cause: 'process-crash',
  kind: 'fires',
  title: 'SIGKILL of a server with five requests in flight: three unread, two read',
  needs: NAMESPACES,
  where: 'namespaces',
  // The requests must have arrived, and nothing but their arrival says so.
  fixed: ['loss'],
  points: ['client', 'server'],
  resets: 3,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'process-crash',
    equivalent: ['shutdown-in-flight', 'unread-data', 'drain-reset'],
    equivalentBecause:
      'only the exit of the process, which is not on the wire, tells a crash from a restart or from a server or proxy that closes everything itself',
    why: 'Five clients had sent a request; the server process had read two of them when it got SIGKILL: three RST, two FIN',
  },
  async run(lab) {
    const first = await connected(lab);
    const all: Pick<Connected, 'client' | 'accepted'>[] = [first];
    while (all.length < 5) all.push(await another(lab, lab.network.puppet.client, first.listener));
    for (const { client } of all) await client.send(request('/work'));
    for (const { accepted } of all.slice(0, 2)) await accepted.receive();
    await lab.network.settle();
    await lab.network.puppet.server.helper.stop('SIGKILL');
    for (const { client } of all.slice(2)) await client.death();
    for (const { client } of all.slice(0, 2)) {
      await client.state(TCP_STATE.closeWait);
      await client.close();
    }
  },
});

const oneOfMany: Scenario = defineScenario({
  id: 'process-crash/one-of-many',
  cause: 'process-crash',
  kind: 'quiet',
  title: 'The server resets one connection with its request unread and serves the others',
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
    why: 'Of three connections the server closed the second with its request unread; the other two went on to be served',
  },
  async run(lab) {
    const first = await connected(lab);
    const second = await another(lab, lab.network.puppet.client, first.listener);
    const third = await another(lab, lab.network.puppet.client, first.listener);
    await exchange(first, '/work');
    await second.client.send(request('/work'));
    await lab.network.settle();
    await second.accepted.close();
    await second.client.death();
    await exchange(third, '/work');
    await exchange(first, '/more');
    await closeBoth(first);
    await closeBoth(third);
  },
});

const restart: Scenario = defineScenario({
  id: 'process-crash/orderly-restart',
  cause: 'process-crash',
  kind: 'quiet',
  title: 'The server answers everybody, closes by FIN and is back',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'A drain as it should be; a new process served the next connection',
  },
  async run(lab) {
    const first = await connected(lab);
    const second = await another(lab, lab.network.puppet.client, first.listener);
    await exchange(first, '/work');
    await exchange(second, '/work');
    await first.listener.close();
    await closeBoth(first);
    await closeBoth(second);
    const successor = await startPuppet(lab.cleanup, lab.network.namespace.server);
    const listener = await successor.listen(lab.host, lab.port);
    const next = await another(lab, lab.network.puppet.client, listener);
    await exchange(next, '/work');
    await closeBoth(next);
  },
});

export const scenarios: readonly Scenario[] = [killed, oneOfMany, restart];
