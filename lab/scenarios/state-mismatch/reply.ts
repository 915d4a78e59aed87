import { exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { translation } from '../../translation.ts';

const bare: Scenario = defineScenario({
  id: 'state-mismatch/reply-without-translation',
  cause: 'state-mismatch',
  kind: 'fires',
  title: 'A reply leaves the NAT with the back end’s own address: the client’s kernel resets the back end',
  needs: [...NAMESPACES, 'nft', 'conntrack'],
  where: 'namespaces',
  points: ['server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'state-mismatch',
    equivalent: ['no-socket', 'firewall-reject'],
    equivalentBecause:
      'on the back end’s side of the NAT the client’s kernel answers as it would had it forgotten the connection, and as a REJECT rule on the client would',
    why: 'The client spoke to the router’s address, translated to the server; the router lost its entries, as with packets that conntrack takes for INVALID, and the next data of the server reached the client untranslated',
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
    await lab.network.exec('router', 'conntrack', ['-F']);
    await accepted.send('event: tick\n\n');
    await accepted.death();
  },
});

export const scenarios: readonly Scenario[] = [bare];
