import { IDENTIFIABLE } from '../../equivalents.ts';
import { connected } from '../../exchange.ts';
import { TCP_STATE } from '../../puppet.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request, response } from '../../sockets.ts';

const ANSWER = response('200 OK', 'the whole page', 'Connection: close\r\n');

const full: Scenario = defineScenario({
  id: 'benign-close/time-wait-table-full',
  cause: 'benign-close',
  kind: 'fires',
  title: 'The server’s table of closed connections is full: the client’s FIN finds nobody',
  needs: NAMESPACES,
  where: 'namespaces',
  // Whether the response was complete is in its head, which a shorter snap length cuts off.
  fixed: ['snap'],
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'benign-close',
    ...IDENTIFIABLE,
    why: 'net.ipv4.tcp_max_tw_buckets=0: once its FIN was acknowledged the server’s kernel forgot the connection at once; the client had everything and closed',
  },
  async run(lab) {
    await lab.network.exec('server', 'sysctl', ['-q', '-w', 'net.ipv4.tcp_max_tw_buckets=0']);
    const both = await connected(lab);
    await both.client.send(request('/page'));
    await both.accepted.call('recv_exactly', { size: request('/page').length });
    await both.accepted.send(ANSWER);
    await both.accepted.close();
    await both.client.state(TCP_STATE.closeWait);
    await both.client.call('recv_exactly', { size: ANSWER.length });
    await lab.network.acknowledged();
    await both.client.close();
  },
});

export const scenarios: readonly Scenario[] = [full];
