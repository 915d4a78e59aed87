import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const lostWayBack: Scenario = defineScenario({
  id: 'retransmission-timeout/nothing-comes-back',
  cause: 'retransmission-timeout',
  kind: 'fires',
  title: 'All packets of the server are lost from one moment on: the client repeats what had arrived long ago',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: 'retransmission-timeout',
    equivalent: [],
    why: 'In mid-upload the cable lost everything from the server and nothing towards it; TCP_USER_TIMEOUT 3 s ended the client socket with ETIMEDOUT',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await both.client.call('user_timeout', { ms: 3000 });
    await both.client.call('send', { size: 5000 });
    await both.accepted.call('recv_exactly', { size: 5000 });
    await lab.network.cable('server', 'cut ba');
    await both.client.call('send', { size: 5000 });
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [lostWayBack];
