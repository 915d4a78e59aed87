import { IDENTIFIABLE } from '../../equivalents.ts';
import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const clientGivesUp: Scenario = defineScenario({
  id: 'dead-peer/client-probes-dead-server',
  cause: 'dead-peer',
  kind: 'fires',
  title: 'The server’s host is cut off; the client’s keep-alive gives up after four probes',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'dead-peer',
    ...IDENTIFIABLE,
    why: 'Keep-alive of the client after 1 s idle, every second, four times; the cable behind the router was cut after two exchanges',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.client.call('keepalive', { idleS: 1, intervalS: 1, count: 4 });
    await exchange(both, '/first');
    await exchange(both, '/second');
    await lab.network.acknowledged();
    await lab.network.cable('server', 'cut both');
    await both.client.death();
  },
});

const userTimeout: Scenario = defineScenario({
  id: 'dead-peer/user-timeout',
  cause: 'dead-peer',
  kind: 'fires',
  title: 'The client vanished; TCP_USER_TIMEOUT ends the keep-alive before its count does',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'dead-peer',
    ...IDENTIFIABLE,
    why: 'Keep-alive after 1 s idle, every second, nine times, and TCP_USER_TIMEOUT 3 s: the server gave up after the third second of silence',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.accepted.call('keepalive', { idleS: 1, intervalS: 1, count: 9 });
    await both.accepted.call('user_timeout', { ms: 3000 });
    await exchange(both, '/status');
    await lab.network.acknowledged();
    await lab.network.cable('client', 'cut both');
    await both.accepted.death();
  },
});

export const scenarios: readonly Scenario[] = [clientGivesUp, userTimeout];
