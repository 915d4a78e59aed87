import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { forgetfulRouter } from '../../forgetful-router.ts';
import { pause } from '../../wait.ts';

const expired: Scenario = defineScenario({
  id: 'firewall-state-expiry/conntrack-rejects',
  cause: 'firewall-state-expiry',
  kind: 'fires',
  title: 'A firewall forgets a quiet connection and resets its next packet',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  // Over cards with offloads the checksum of a REJECT stays unfinished, which names it.
  fixed: ['offloads'],
  points: ['client', 'server'],
  resets: { client: 1, server: 0 },
  truth: {
    sender: 'server',
    mechanism: 'in-path-answer',
    cause: 'firewall-state-expiry',
    equivalent: ['firewall-reject', 'no-socket', 'state-mismatch'],
    equivalentBecause:
      'quiet and then an answer to the first packet, seen once: a new policy or a forgetful server would look the same but for one hop of TTL',
    why: 'conntrack forgets established connections after 2 s and the router rejects what it does not know with a RST; the client sent after 3 s of quiet',
  },
  async run(lab) {
    await forgetfulRouter(lab, 'reject with tcp reset');
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await pause(3000);
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.client.death();
  },
});

const busy: Scenario = defineScenario({
  id: 'firewall-state-expiry/kept-busy',
  cause: 'firewall-state-expiry',
  kind: 'quiet',
  title: 'The same firewall, but the connection is never quiet for long; then the server resets it',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: ['unread-data', 'process-crash', 'benign-close', 'idle-timeout'],
    equivalentBecause:
      'the response was complete and acknowledged and a second of quiet lay before the RST: seen once, an idle limit looks the same, and consumption is invisible on the wire',
    why: 'An exchange every second kept the state alive; after the last one the server closed with SO_LINGER 0',
  },
  async run(lab) {
    await forgetfulRouter(lab, 'reject with tcp reset');
    const both = await connected(lab);
    for (const path of ['/first', '/second', '/third', '/fourth']) {
      await exchange(both, path);
      await pause(1000);
    }
    await both.accepted.abort();
    await both.client.death();
  },
});

export const scenarios: readonly Scenario[] = [expired, busy];
