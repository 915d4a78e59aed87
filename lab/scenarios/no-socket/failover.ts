import { UNKNOWN_CONNECTION } from '../../equivalents.ts';
import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

/** Nothing for the server leaves the router: packets that wait there for a new neighbour would be answered late. */
function closed(port: number): string {
  return `table inet lab {
    chain prerouting {
      type filter hook prerouting priority 0
      tcp dport ${port} drop
    }
  }
`;
}

const takeover: Scenario = defineScenario({
  id: 'no-socket/standby-takes-over',
  cause: 'no-socket',
  kind: 'fires',
  title: 'A standby takes the server’s address over in mid-upload; the repeated data finds no socket',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The server was cut off while the client uploaded; a new host with the same address and a listener answered the client’s retransmission',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await both.client.call('send', { size: 5000 });
    await both.accepted.call('recv_exactly', { size: 5000 });
    await lab.network.acknowledged();
    await lab.network.exec('router', 'nft', ['-f', '-'], closed(lab.port));
    await both.client.call('send', { size: 5000 });
    const standby = await lab.network.rebootServer();
    await standby.listen(lab.host, lab.port);
    await lab.network.exec('router', 'nft', ['delete', 'table', 'inet', 'lab']);
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [takeover];
