import { connected, exchange } from '../../exchange.ts';
import { forgetfulRouter } from '../../forgetful-router.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const dropped: Scenario = defineScenario({
  id: 'idle-dropped/conntrack-drops',
  cause: 'idle-dropped',
  kind: 'fires',
  title: 'A firewall forgets a quiet connection and drops its packets: retransmissions only',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: 'idle-dropped',
    equivalent: [],
    why: 'conntrack forgets established connections after 2 s and the router drops what it does not know; the client sent after 3 s of quiet and retransmitted into silence for 4 s',
  },
  async run(lab) {
    await forgetfulRouter(lab, 'drop');
    const both = await connected(lab);
    await exchange(both, '/first');
    await pause(3000);
    await both.client.send('GET /second HTTP/1.1\r\n\r\n');
    await pause(4000);
  },
});

const answered: Scenario = defineScenario({
  id: 'idle-dropped/answered-after-quiet',
  cause: 'idle-dropped',
  kind: 'quiet',
  title: 'The same quiet without a firewall: the next request is answered',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: { sender: null, mechanism: null, cause: null, equivalent: [], why: 'Nothing forgot the connection' },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await pause(3000);
    await exchange(both, '/second');
  },
});

export const scenarios: readonly Scenario[] = [dropped, answered];
