import { join } from 'node:path';
import type { LabContext } from '../../context.ts';
import { connected, exchange } from '../../exchange.ts';
import { runCommand, startHelper } from '../../helper.ts';
import { packageRoot } from '../../package-root.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { translation } from '../../translation.ts';
import { pause, waitFor } from '../../wait.ts';

/** Another host behind the router, which holds the server's address, too; returns how the router brings packets there. */
async function secondServer(lab: LabContext): Promise<() => Promise<void>> {
  const { network, cleanup } = lab;
  const namespace = `${network.namespace.server}-b`;
  await runCommand('ip', ['netns', 'add', namespace]);
  cleanup.defer(`remove namespace ${namespace}`, () => runCommand('ip', ['netns', 'delete', namespace]));
  const wire = join(packageRoot(), 'lab', 'tools', 'wire.py');
  const cable = await startHelper(cleanup, 'python3', [wire, network.namespace.router, 'alt0', namespace, 'eth0', '2']);
  let ready = false;
  cable.child.stdout!.once('data', () => (ready = true));
  await waitFor('the second cable', () => ready);
  const there = (args: readonly string[]): Promise<string> => runCommand('ip', ['-n', namespace, ...args]);
  await network.exec('router', 'ip', ['address', 'add', '10.77.3.1/24', 'dev', 'alt0']);
  await network.exec('router', 'ip', ['link', 'set', 'alt0', 'up']);
  await there(['link', 'set', 'lo', 'up']);
  await there(['address', 'add', '10.77.3.2/24', 'dev', 'eth0']);
  await there(['address', 'add', `${lab.host}/32`, 'dev', 'lo']);
  await there(['link', 'set', 'eth0', 'up']);
  await there(['route', 'add', 'default', 'via', '10.77.3.1']);
  return async () => {
    await network.exec('router', 'ip', ['route', 'add', `${lab.host}/32`, 'via', '10.77.3.2']);
  };
}

const rehashed: Scenario = defineScenario({
  id: 'state-mismatch/route-moves',
  cause: 'state-mismatch',
  kind: 'fires',
  title: 'The route to the server’s address moves to another host in mid-connection; the first one talks on',
  needs: NAMESPACES,
  where: 'namespaces',
  fixed: ['family', 'ttl'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'state-mismatch',
    equivalent: ['firewall-reject'],
    equivalentBecause:
      'the host that holds the connection never sees the packet, as with a REJECT rule on it; both answers have the same form and the same TTL',
    why: 'After three exchanges the router got a more specific route to a second host with the server’s address, as after an ECMP or anycast change; that kernel answered the next request, and the first host’s socket sent data later',
  },
  async run(lab) {
    const move = await secondServer(lab);
    const both = await connected(lab);
    for (const path of ['/first', '/second', '/third']) await exchange(both, path);
    await lab.network.acknowledged();
    await move();
    await both.client.send('GET /fourth HTTP/1.1\r\n\r\n');
    await both.client.death();
    // Longer than a round trip to the first host; settle() would measure that to the second.
    await pause(300);
    await both.accepted.send('event: tick\n\n');
    await pause(100);
  },
});

const unmoved: Scenario = defineScenario({
  id: 'state-mismatch/route-stays',
  cause: 'state-mismatch',
  kind: 'quiet',
  title: 'The same two hosts, and a route that stays: the connection ends with FINs',
  needs: NAMESPACES,
  where: 'namespaces',
  fixed: ['family', 'ttl'],
  resets: 0,
  truth: { sender: null, mechanism: null, cause: null, equivalent: [], why: 'Four exchanges and two FINs' },
  async run(lab) {
    await secondServer(lab);
    const both = await connected(lab);
    for (const path of ['/first', '/second', '/third', '/fourth']) await exchange(both, path);
    await both.client.close();
    await both.accepted.receive();
    await both.accepted.close();
  },
});

const lostTranslation: Scenario = defineScenario({
  id: 'state-mismatch/translation-lost',
  cause: 'state-mismatch',
  kind: 'fires',
  title: 'A NAT loses its entry: the next packet reaches the NAT’s own kernel, which knows of no connection',
  needs: [...NAMESPACES, 'nft', 'conntrack'],
  where: 'namespaces',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'passive-answer',
    cause: 'state-mismatch',
    equivalent: ['firewall-reject', 'no-socket'],
    equivalentBecause:
      'the answer comes from the router, one hop and one cable nearer than the server: its own kernel and a REJECT rule on it answer with the same bare RST. Another hop limit on the router hides the hop, and an acknowledgement shortly before hides the cable, as the RST could be a slow answer to that; then the server’s own kernel, had it forgotten the connection, would leave the same',
    why: 'The client spoke to the router’s address, translated to the server; the rule and its conntrack entries were removed, and the router’s kernel answered the next request',
  },
  async run(lab) {
    const { client: clients, server: servers } = lab.network.puppet;
    await lab.network.exec('router', 'nft', ['-f', '-'], translation(lab.port, lab.host));
    const listener = await servers.listen(lab.host, lab.port);
    const [client, accepted] = await Promise.all([
      clients.connect(lab.network.address.router, lab.port),
      listener.accept(),
    ]);
    const both = { client, accepted };
    for (const path of ['/first', '/second', '/third']) await exchange(both, path);
    await lab.network.acknowledged();
    await lab.network.exec('router', 'nft', ['delete', 'table', 'inet', 'lab']);
    await lab.network.exec('router', 'conntrack', ['-F']);
    await client.send('GET /fourth HTTP/1.1\r\n\r\n');
    await client.death();
  },
});

export const scenarios: readonly Scenario[] = [rehashed, unmoved, lostTranslation];
