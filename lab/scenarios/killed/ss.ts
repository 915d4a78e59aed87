import { closeBoth, connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const destroyed: Scenario = defineScenario({
  id: 'killed/ss-kill',
  cause: 'killed',
  kind: 'fires',
  title: 'An operator kills the connection with ss -K on the server',
  needs: [...NAMESPACES, 'ss'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'killed',
    equivalent: ['linger-zero', 'unread-data', 'process-crash', 'benign-close', 'idle-timeout'],
    equivalentBecause:
      'SOCK_DESTROY makes the RST that every abort of a live socket makes; only the host knows who asked for it',
    why: 'After two exchanges ss -K destroyed the server socket',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await lab.network.exec('server', 'ss', ['-K', 'state', 'established', 'sport', '=', `:${lab.port}`]);
    await both.client.death();
  },
});

const left: Scenario = defineScenario({
  id: 'killed/left-alone',
  cause: 'killed',
  kind: 'quiet',
  title: 'The same connection left alone and closed by FIN',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: { sender: null, mechanism: null, cause: null, equivalent: [], why: 'Two exchanges and two FINs' },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [destroyed, left];
