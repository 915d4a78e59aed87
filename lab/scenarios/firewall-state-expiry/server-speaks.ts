import { connected, exchange } from '../../exchange.ts';
import { forgetfulRouter } from '../../forgetful-router.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const toServer: Scenario = defineScenario({
  id: 'firewall-state-expiry/server-speaks-first',
  cause: 'firewall-state-expiry',
  kind: 'fires',
  title: 'A server pushes an event after quiet and is reset in its client’s name',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  // Over cards with offloads the checksum of a REJECT stays unfinished, which names it.
  fixed: ['offloads'],
  points: ['server', 'client'],
  resets: { server: 1, client: 0 },
  truth: {
    sender: 'client',
    mechanism: 'in-path-answer',
    cause: 'firewall-state-expiry',
    equivalent: ['firewall-reject', 'no-socket', 'state-mismatch'],
    equivalentBecause:
      'quiet and then an answer to the first packet, seen once: a new policy or a forgetful client would look the same but for one hop of TTL',
    why: 'conntrack forgets established connections after 2 s and the router rejects what it does not know with a RST; the server sent its next event after 3 s of quiet, and its client never knew',
  },
  async run(lab) {
    await forgetfulRouter(lab, 'reject with tcp reset');
    const both = await connected(lab);
    await exchange(both, '/events');
    await exchange(both, '/events');
    await lab.network.acknowledged();
    await pause(3000);
    await both.accepted.send('event: price\ndata: 42\n\n');
    await both.accepted.death();
  },
});

export const scenarios: readonly Scenario[] = [toServer];
