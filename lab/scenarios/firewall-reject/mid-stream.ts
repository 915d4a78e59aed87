import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { UNKNOWN_CONNECTION, abortWithoutAnswer } from '../../equivalents.ts';

const midStream: Scenario = defineScenario({
  id: 'firewall-reject/mid-stream',
  cause: 'firewall-reject',
  kind: 'fires',
  title: 'A router starts to REJECT a connection in the middle; the server talks on',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  // Over cards with offloads the checksum of a REJECT stays unfinished, which names it.
  fixed: ['offloads'],
  points: ['client', 'server'],
  resets: { client: 1, server: 0 },
  truth: {
    sender: 'server',
    mechanism: 'in-path-answer',
    cause: 'firewall-reject',
    equivalent: ['state-mismatch'],
    equivalentBecause:
      'a nearer host to which the packet was brought, as after an ECMP or anycast change or a lost translation, would answer the same while the server talks on',
    why: 'After two exchanges the router got an nft rule "reject with tcp reset"; the next request was answered by the router in the server\'s name, and the server, which never saw it, sent data later',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await lab.network.acknowledged();
    await lab.network.exec('router', 'nft', ['-f', '-'], rejectRule(lab.port));
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.client.death();
    await lab.network.settle();
    await both.accepted.send('event: tick\n\n');
  },
});

const atSyn: Scenario = defineScenario({
  id: 'firewall-reject/at-syn',
  cause: 'firewall-reject',
  kind: 'fires',
  title: 'A router REJECTs the SYN although the server listens',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  // Over cards with offloads the checksum of a REJECT stays unfinished, which names it.
  fixed: ['offloads'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'in-path-answer',
    cause: 'firewall-reject',
    equivalent: ['refused'],
    equivalentBecause:
      'without another packet of the server its TTL is unknown, and both answers are RST+ACK with window 0 and IP-ID 0',
    why: 'nft "reject with tcp reset" on the router from the start; the server listened and saw nothing',
  },
  async run(lab) {
    await lab.network.exec('router', 'nft', ['-f', '-'], rejectRule(lab.port));
    await lab.network.puppet.server.listen(lab.host, lab.port);
    await lab.network.puppet.client.connect(lab.host, lab.port).catch((error: unknown) => error);
  },
});

const ownReset: Scenario = defineScenario({
  id: 'firewall-reject/server-aborts',
  cause: 'firewall-reject',
  kind: 'quiet',
  title: 'The server itself resets behind the same router',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'linger-zero',
    ...abortWithoutAnswer('linger-zero'),
    why: 'Two exchanges; the server read the third request and closed with SO_LINGER 0',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.accepted.receive();
    await both.accepted.abort();
    await both.client.death();
  },
});

const ownAnswer: Scenario = defineScenario({
  id: 'firewall-reject/server-forgot',
  cause: 'firewall-reject',
  kind: 'quiet',
  title: "The server's own kernel answers with a bare RST behind the same router",
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The server socket was closed under TCP_REPAIR; the third request reached the server, whose kernel answered',
  },
  async run(lab) {
    const both = await connected(lab);
    await exchange(both, '/first');
    await exchange(both, '/second');
    await both.accepted.vanish();
    await both.client.send('GET /third HTTP/1.1\r\n\r\n');
    await both.client.death();
  },
});

function rejectRule(port: number): string {
  return `table inet lab {
    chain forward {
      type filter hook forward priority 0
      tcp dport ${port} reject with tcp reset
    }
  }
`;
}

export const scenarios: readonly Scenario[] = [midStream, atSyn, ownReset, ownAnswer];
