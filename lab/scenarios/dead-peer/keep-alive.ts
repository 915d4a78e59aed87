import { IDENTIFIABLE } from '../../equivalents.ts';
import { closeBoth, connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const gaveUp: Scenario = defineScenario({
  id: 'dead-peer/keep-alive-gave-up',
  cause: 'dead-peer',
  kind: 'fires',
  title: 'The peer vanished; keep-alive probes go unanswered and end in a RST',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'dead-peer',
    ...IDENTIFIABLE,
    why: 'Keep-alive after 1 s idle, every second, twice; the cable to the client was cut after one exchange',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.accepted.call('keepalive', { idleS: 1, intervalS: 1, count: 2 });
    await exchange(both, '/status');
    await lab.network.settle();
    await lab.network.cable('client', 'cut both');
    await both.accepted.death();
  },
});

const answered: Scenario = defineScenario({
  id: 'dead-peer/probes-answered',
  cause: 'dead-peer',
  kind: 'quiet',
  title: 'The same probes, answered; then the server resets for its own reasons',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: ['idle-timeout', 'process-crash', 'unread-data'],
    equivalentBecause:
      'a RST after quiet, seen once, is also what an idle limit or the end of the process leaves, and consumption is invisible on the wire',
    why: 'Keep-alive probes were answered for three seconds; then the server closed with SO_LINGER 0',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.accepted.call('keepalive', { idleS: 1, intervalS: 1, count: 2 });
    await exchange(both, '/status');
    await pause(3300);
    await both.accepted.abort();
    await both.client.death();
  },
});

const closed: Scenario = defineScenario({
  id: 'dead-peer/closed-by-fin',
  cause: 'dead-peer',
  kind: 'quiet',
  title: 'The same probes, answered, and an orderly close',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['server'],
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'Probes were answered; both sides closed by FIN',
  },
  async run(lab) {
    const both = await connected(lab);
    await both.accepted.call('keepalive', { idleS: 1, intervalS: 1, count: 2 });
    await exchange(both, '/status');
    await pause(2300);
    await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [gaveUp, answered, closed];
