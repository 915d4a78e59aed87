import { closeBoth, connected, exchange } from '../../exchange.ts';
import { forgetfulRouter } from '../../forgetful-router.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import type { LabContext } from '../../context.ts';
import { pause } from '../../wait.ts';

/** Segments that carry nothing do not touch the state: a firewall that counts only data as life. */
const IGNORE_BARE_ACKS = `table inet blind {
    chain early {
      type filter hook prerouting priority -300
      tcp flags & (fin | syn | rst | psh | ack) == ack meta length < 90 notrack
    }
  }
`;

/** Keep-alive probes every second, against a firewall that forgets after two seconds. */
async function probed(lab: LabContext, ignored: boolean): ReturnType<typeof connected> {
  await forgetfulRouter(lab, 'reject with tcp reset');
  if (ignored) await lab.network.exec('router', 'nft', ['-f', '-'], IGNORE_BARE_ACKS);
  const both = await connected(lab);
  await both.client.call('keepalive', { idleS: 1, intervalS: 1, count: 5 });
  await exchange(both, '/first');
  await exchange(both, '/second');
  await pause(4200);
  return both;
}

const ignored: Scenario = defineScenario({
  id: 'firewall-state-expiry/keep-alives-ignored',
  cause: 'firewall-state-expiry',
  kind: 'fires',
  title: 'A firewall that keep-alives do not impress forgets the connection and resets its next data',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['client', 'server'],
  fixed: ['offloads', 'loss'],
  resets: { client: 1, server: 0 },
  truth: {
    sender: 'server',
    mechanism: 'in-path-answer',
    cause: 'firewall-state-expiry',
    equivalent: ['firewall-reject', 'no-socket', 'state-mismatch'],
    equivalentBecause:
      'quiet and then an answer to the first data, seen once: a new policy or a forgetful server would look the same but for one hop of TTL',
    why: 'conntrack forgets established connections after 2 s without data, probes are not tracked; they were answered every second, and the request after 4 s was rejected with a RST',
  },
  async run(lab) {
    const both = await probed(lab, true);
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.client.death();
  },
});

const kept: Scenario = defineScenario({
  id: 'firewall-state-expiry/kept-by-keep-alives',
  cause: 'firewall-state-expiry',
  kind: 'quiet',
  title: 'The same quiet behind a firewall that counts keep-alives: the request is answered',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['client', 'server'],
  fixed: ['loss'],
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'Probes every second kept the state of 2 s alive through 4 s without data; then an exchange and two FINs',
  },
  async run(lab) {
    const both = await probed(lab, false);
    await exchange(both, '/third');
    await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [ignored, kept];
