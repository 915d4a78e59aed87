import { closeBoth, connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const cut: Scenario = defineScenario({
  id: 'retransmission-timeout/path-cut',
  cause: 'retransmission-timeout',
  kind: 'fires',
  title: 'The path dies in the middle of a transfer; the sender gives up without a RST',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: 'retransmission-timeout',
    equivalent: [],
    why: 'The cable behind the router was cut while the client uploaded; TCP_USER_TIMEOUT 3 s ended the client socket with ETIMEDOUT',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await both.client.call('user_timeout', { ms: 3000 });
    await both.client.call('send', { size: 20_000 });
    await both.accepted.call('recv_exactly', { size: 20_000 });
    await lab.network.cable('server', 'cut both');
    await both.client.call('send', { size: 20_000 });
    await both.client.death();
  },
});

const mended: Scenario = defineScenario({
  id: 'retransmission-timeout/path-mended',
  cause: 'retransmission-timeout',
  kind: 'quiet',
  title: 'The path fails for half a second: retransmissions, then all arrives',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The cable was cut during the upload and mended after 500 ms; both sides closed by FIN',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await lab.network.cable('server', 'cut both');
    await both.client.call('send', { size: 20_000 });
    await pause(500);
    await lab.network.cable('server', 'mend');
    await both.accepted.call('recv_exactly', { size: 20_000 });
    await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [cut, mended];
