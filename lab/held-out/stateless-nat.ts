/** The NAT held out: addresses rewritten packet by packet on the router, without any state that could be lost or aged. */
import type { LabContext } from '../context.ts';
import { UNKNOWN_CONNECTION, abortAfterAnswer } from '../equivalents.ts';
import type { Connected } from '../exchange.ts';
import { connected, exchange } from '../exchange.ts';
import { NAMESPACES, defineScenario } from '../scenario.ts';
import type { Need, Scenario } from '../scenario.ts';

const NEEDS: readonly Need[] = [...NAMESPACES, 'nft'];

/** The server meets the client under an address of a documentation prefix (RFC 5737, RFC 3849). */
async function rewriteClient(lab: LabContext): Promise<void> {
  const { network, variation } = lab;
  const [ip, outside] = variation.family === 6 ? ['ip6', '2001:db8:77::2'] : ['ip', '198.51.100.2'];
  const inside = network.address.client;
  await network.exec(
    'router',
    'nft',
    ['-f', '-'],
    `table inet lab {
  chain before {
    type filter hook prerouting priority raw; policy accept;
    notrack
    ${ip} daddr ${outside} ${ip} daddr set ${inside}
  }
  chain after {
    type filter hook postrouting priority 100; policy accept;
    oifname "srv0" ${ip} saddr ${inside} ${ip} saddr set ${outside}
  }
}
`,
  );
}

async function twoExchanges(lab: LabContext): Promise<Connected> {
  await rewriteClient(lab);
  const both = await connected(lab);
  await exchange(both, '/first');
  await exchange(both, '/second');
  return both;
}

const aborts: Scenario = defineScenario({
  id: 'linger-zero/behind-stateless-nat',
  cause: 'linger-zero',
  kind: 'fires',
  title: 'A server behind a stateless NAT aborts after its answer',
  needs: NEEDS,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    equivalent: [...abortAfterAnswer('linger-zero').equivalent, 'benign-close'],
    equivalentBecause: 'the answer was complete and acknowledged, and consumption is invisible on the wire',
    why: 'Two exchanges, then the server closed with SO_LINGER 0',
  },
  async run(lab) {
    const both = await twoExchanges(lab);
    await both.accepted.abort();
    await both.client.death();
  },
});

const forgets: Scenario = defineScenario({
  id: 'no-socket/behind-stateless-nat',
  cause: 'no-socket',
  kind: 'fires',
  title: 'A server behind a stateless NAT no longer knows the connection',
  needs: NEEDS,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'After two exchanges the server’s socket vanished without a packet (TCP_REPAIR), as over a fail-over; its kernel answered the third request',
  },
  async run(lab) {
    const both = await twoExchanges(lab);
    await lab.network.acknowledged();
    await both.accepted.vanish();
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.client.death();
  },
});

const cancels: Scenario = defineScenario({
  id: 'client-abort/behind-stateless-nat',
  cause: 'client-abort',
  kind: 'fires',
  title: 'A client behind a stateless NAT gives up while it waits for its answer',
  needs: NEEDS,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    equivalent: [],
    why: 'One exchange, then a second request that the server did not answer; the client aborted',
  },
  async run(lab) {
    await rewriteClient(lab);
    const both = await connected(lab);
    await exchange(both, '/first');
    await both.client.send('GET /slow HTTP/1.1\r\nHost: lab.example\r\n\r\n');
    await lab.network.acknowledged();
    await both.client.abort();
    await both.accepted.death();
  },
});

export const scenarios: readonly Scenario[] = [aborts, forgets, cancels];
