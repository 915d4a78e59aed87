import { closeBoth, connected, exchange } from '../../exchange.ts';
import type { LabContext } from '../../context.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const NO_ICMP = `table inet lab {
    chain out {
      type filter hook output priority 0
      icmp type destination-unreachable drop
      icmpv6 type packet-too-big drop
    }
  }
`;

/** The link behind the router takes 1300 bytes; whether the router may say so is the difference. */
async function upload(lab: LabContext, isSilent: boolean): ReturnType<typeof connected> {
  await lab.network.exec('router', 'ip', ['link', 'set', 'srv0', 'mtu', '1300']);
  if (isSilent) await lab.network.exec('router', 'nft', ['-f', '-'], NO_ICMP);
  const both = await connected(lab);
  await exchange(both, '/small');
  await both.client.call('user_timeout', { ms: 4000 });
  await both.client.call('send', { size: 20_000 });
  return both;
}

const blackHole: Scenario = defineScenario({
  id: 'retransmission-timeout/path-mtu-black-hole',
  cause: 'retransmission-timeout',
  kind: 'fires',
  title: 'Path MTU black hole: small segments pass, large ones vanish and nobody says why',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  fixed: ['payload', 'offloads', 'loss'],
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: 'retransmission-timeout',
    equivalent: [],
    why: 'The MTU behind the router was 1300 and a filter dropped its ICMP; a small exchange worked, an upload of 20 kB was repeated until TCP_USER_TIMEOUT 4 s ended it',
  },
  async run(lab) {
    const both = await upload(lab, true);
    await both.client.death();
  },
});

const discovered: Scenario = defineScenario({
  id: 'retransmission-timeout/path-mtu-discovered',
  cause: 'retransmission-timeout',
  kind: 'quiet',
  title: 'The same narrow link with its ICMP: smaller segments, and all arrives',
  needs: NAMESPACES,
  where: 'namespaces',
  fixed: ['payload', 'offloads', 'loss'],
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The router’s "fragmentation needed" reached the client, which sent the upload in smaller segments',
  },
  async run(lab) {
    const both = await upload(lab, false);
    await both.accepted.call('recv_exactly', { size: 20_000 });
    await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [blackHole, discovered];
