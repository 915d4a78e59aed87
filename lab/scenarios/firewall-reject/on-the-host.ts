import { connected, exchange } from '../../exchange.ts';
import { IDENTIFIABLE, UNKNOWN_CONNECTION } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const onTheHost: Scenario = defineScenario({
  id: 'firewall-reject/on-the-host',
  cause: 'firewall-reject',
  kind: 'fires',
  title: 'The server’s own packet filter starts to REJECT a connection in the middle; its socket lives on',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['client', 'server'],
  // A REJECT's checksum is unfinished where the card would finish it, and nobody else's is.
  fixed: ['offloads'],
  resets: 1,
  truth: {
    sender: 'server',
    actor: 'endpoint',
    mechanism: 'in-path-answer',
    cause: 'firewall-reject',
    equivalent: ['state-mismatch'],
    equivalentBecause:
      'from the client’s side the filter is as far away as the server; another host to which the packet was brought would answer the same',
    why: 'After two exchanges the server host got an nft rule "reject with tcp reset" for what comes in; the next request was answered by the filter, and the socket sent data later',
  },
  truthAt: {
    server: {
      sender: 'server',
      actor: 'endpoint',
      mechanism: 'in-path-answer',
      cause: 'firewall-reject',
      equivalent: ['state-mismatch'],
      equivalentBecause:
        'another host on the server’s segment would answer in the same form and with the same TTL; the TAP device has finished the checksum',
      why: 'The same, on the cable of the server',
    },
  },
  async run(lab) {
    const both = await connected(lab);
    for (const path of ['/first', '/second', '/third']) await exchange(both, path);
    await lab.network.acknowledged();
    await lab.network.exec('server', 'nft', ['-f', '-'], rule('input', lab.port));
    await both.client.send('GET /fourth HTTP/1.1\r\n\r\n');
    await both.client.death();
    await lab.network.settle();
    await both.accepted.send('event: tick\n\n');
    await lab.network.settle();
  },
});

const onLoopback: Scenario = defineScenario({
  id: 'firewall-reject/on-loopback',
  cause: 'firewall-reject',
  kind: 'fires',
  title: 'A packet filter starts to REJECT what a program says to another on the same host',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  points: ['server'],
  device: 'lo',
  resets: 1,
  truth: {
    sender: 'server',
    actor: 'endpoint',
    mechanism: 'in-path-answer',
    cause: 'firewall-reject',
    ...IDENTIFIABLE,
    why: 'After four exchanges over loopback, as between a sidecar and its application, an nft rule "reject with tcp reset" answered; the checksum of its RST is unfinished, which Linux leaves so for a REJECT only, and the socket sent data later',
  },
  async run(lab) {
    const { server } = lab.network.puppet;
    const listener = await server.listen('127.0.0.1', lab.port);
    const [client, accepted] = await Promise.all([server.connect('127.0.0.1', lab.port), listener.accept()]);
    for (const path of ['/first', '/second', '/third', '/fourth']) await exchange({ client, accepted }, path);
    // Past the delayed ACK of the last answer: the rule would meet that one first.
    await pause(100);
    await lab.network.exec('server', 'nft', ['-f', '-'], rule('input', lab.port));
    await client.send('GET /fifth HTTP/1.1\r\n\r\n');
    await client.death();
    await lab.network.settle();
    await accepted.send('event: tick\n\n');
    await lab.network.settle();
  },
});

const forgottenOnLoopback: Scenario = defineScenario({
  id: 'firewall-reject/forgotten-on-loopback',
  cause: 'firewall-reject',
  kind: 'quiet',
  title: 'The same connection, but the server’s socket is gone and its kernel answers',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['server'],
  device: 'lo',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'no-socket',
    ...UNKNOWN_CONNECTION,
    why: 'The server socket was closed under TCP_REPAIR after four exchanges over loopback; the kernel answered the fifth request, and finished the checksum of its RST in software',
  },
  async run(lab) {
    const { server } = lab.network.puppet;
    const listener = await server.listen('127.0.0.1', lab.port);
    const [client, accepted] = await Promise.all([server.connect('127.0.0.1', lab.port), listener.accept()]);
    for (const path of ['/first', '/second', '/third', '/fourth']) await exchange({ client, accepted }, path);
    await accepted.vanish();
    await client.send('GET /fifth HTTP/1.1\r\n\r\n');
    await client.death();
  },
});

const onTheWayOut: Scenario = defineScenario({
  id: 'firewall-reject/on-the-way-out',
  cause: 'firewall-reject',
  kind: 'fires',
  title: 'The client’s own packet filter starts to REJECT what it sends; the server talks on',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  // Over IPv6 Linux finishes the checksum of its REJECT, too.
  fixed: ['family'],
  points: ['client'],
  device: 'any',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'in-path-answer',
    cause: 'firewall-reject',
    ...IDENTIFIABLE,
    why: 'After four exchanges the client host got an nft rule "reject with tcp reset" for what goes out; the fifth request never left, its RST was made on the client host in the server’s name, and the server sent data later',
  },
  async run(lab) {
    const both = await connected(lab);
    for (const path of ['/first', '/second', '/third', '/fourth']) await exchange(both, path);
    await lab.network.acknowledged();
    await lab.network.exec('client', 'nft', ['-f', '-'], rule('output', lab.port));
    await both.client.send('GET /fifth HTTP/1.1\r\n\r\n');
    await both.client.death();
    await lab.network.settle();
    await both.accepted.send('event: tick\n\n');
    await pause(100);
  },
});

function rule(chain: 'input' | 'output', port: number): string {
  return `table inet lab {
    chain ${chain} {
      type filter hook ${chain} priority 0
      tcp dport ${port} reject with tcp reset
    }
  }
`;
}

export const scenarios: readonly Scenario[] = [onTheHost, onLoopback, forgottenOnLoopback, onTheWayOut];
