import { another, closeBoth, connected, exchange } from '../../exchange.ts';
import { IDENTIFIABLE, UNKNOWN_CONNECTION } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const rebooted: Scenario = defineScenario({
  id: 'tuple-reuse/client-rebooted',
  cause: 'tuple-reuse',
  kind: 'fires',
  title: 'A client that forgot its connection uses the same port again',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  // A response still to be repeated would find the forgotten session by itself.
  fixed: ['loss'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'tuple-reuse',
    ...IDENTIFIABLE,
    why: 'The client socket was closed under TCP_REPAIR and connected again from the same port; the server still had the old connection: challenge ACK, RST, SYN again, established',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await lab.network.acknowledged();
    await both.client.vanish();
    const [client, accepted] = await Promise.all([
      lab.network.puppet.client.connect(lab.host, lab.port, { localPort: both.client.port }),
      both.listener.accept(),
    ]);
    await exchange({ client, accepted }, '/second');
    await closeBoth({ client, accepted });
  },
});

const otherPort: Scenario = defineScenario({
  id: 'tuple-reuse/other-port',
  cause: 'tuple-reuse',
  kind: 'quiet',
  title: 'A client that forgot its connection uses another port; the server then writes to the old one',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  // A response still to be repeated would find the forgotten session by itself.
  fixed: ['loss'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The old client socket was closed under TCP_REPAIR; the new connection worked; data of the server on the old one got a bare RST',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await lab.network.acknowledged();
    await both.client.vanish();
    const next = await another(lab, lab.network.puppet.client, both.listener);
    await exchange(next, '/second');
    await both.accepted.send('event: tick\n\n');
    await both.accepted.death();
    await closeBoth(next);
  },
});

export const scenarios: readonly Scenario[] = [rebooted, otherPort];
