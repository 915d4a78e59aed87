import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { waitFor } from '../../wait.ts';

const killed: Scenario = defineScenario({
  id: 'injected/tcpkill',
  cause: 'injected',
  kind: 'fires',
  title: 'tcpkill on the router forges trains of RSTs in the name of both ends',
  needs: [...NAMESPACES, 'tcpkill'],
  where: 'namespaces',
  points: ['client', 'server'],
  // tcpkill knows IPv4 only.
  fixed: ['family'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'forged',
    cause: 'injected',
    equivalent: ['killed'],
    equivalentBecause:
      'an operator’s tcpkill and an injecting device send the same packets; who ran it only its host knows',
    why: 'After two exchanges tcpkill was started on the router; the third request made it forge three RSTs to each segment’s sender, a window apart',
  },
  truthAt: {
    server: {
      sender: 'client',
      mechanism: 'forged',
      cause: 'injected',
      equivalent: ['killed'],
      equivalentBecause: 'the same, seen by the server: its RSTs are forged in the client’s name',
      why: 'tcpkill answers the segments of either side in the name of the other',
    },
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    const tcpkill = await lab.spawn('tcpkill', ['-i', 'cli0', 'tcp', 'port', String(lab.port)], 'router');
    await waitFor('tcpkill to listen', () => tcpkill.stderr().includes('listening on'));
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.client.death();
    await both.accepted.receive().catch(() => '');
    await both.accepted.send('late').catch(() => {});
    await both.accepted.death();
    await tcpkill.stop('SIGTERM');
  },
});

export const scenarios: readonly Scenario[] = [killed];
