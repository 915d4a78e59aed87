import { another, connected, exchange } from '../../exchange.ts';
import { forgetfulRouter } from '../../forgetful-router.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';
import { pause } from '../../wait.ts';

function forgotten(why: string): Truth {
  return { sender: null, mechanism: null, cause: 'idle-dropped', equivalent: [], why };
}

const oneOfPool: Scenario = defineScenario({
  id: 'idle-dropped/one-of-a-pool',
  cause: 'idle-dropped',
  kind: 'fires',
  title: 'A pool’s busy connection works; the idle one beside it was forgotten by the firewall',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  resets: 0,
  truth: forgotten(
    'conntrack forgets established connections after 2 s; one of two connections asked every second and lived, the other was quiet for 3 s, and what it then sent was dropped for 4 s',
  ),
  async run(lab) {
    await forgetfulRouter(lab, 'drop');
    const idle = await connected(lab);
    const busy = await another(lab, lab.network.puppet.client, idle.listener);
    await exchange(idle, '/first');
    for (let second = 0; second < 3; second++) {
      await exchange(busy, '/poll');
      await pause(1000);
    }
    await idle.client.send('GET /second HTTP/1.1\r\n\r\n');
    for (let second = 0; second < 4; second++) {
      await exchange(busy, '/poll');
      await pause(1000);
    }
  },
});

const push: Scenario = defineScenario({
  id: 'idle-dropped/server-pushes',
  cause: 'idle-dropped',
  kind: 'fires',
  title: 'A server pushes an event after quiet: the firewall has forgotten the subscriber',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['server'],
  resets: 0,
  truth: forgotten(
    'conntrack forgets established connections after 2 s; the server sent its next event after 3 s of quiet and repeated it into silence for 4 s',
  ),
  async run(lab) {
    await forgetfulRouter(lab, 'drop');
    const both = await connected(lab);
    await exchange(both, '/events');
    await lab.network.acknowledged();
    await pause(3000);
    await both.accepted.send('event: price\ndata: 42\n\n');
    await pause(4000);
  },
});

export const scenarios: readonly Scenario[] = [oneOfPool, push];
