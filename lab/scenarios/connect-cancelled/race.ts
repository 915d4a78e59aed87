import { closeBoth, exchange } from '../../exchange.ts';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const loser: Scenario = defineScenario({
  id: 'connect-cancelled/other-one-wins',
  cause: 'connect-cancelled',
  kind: 'fires',
  title: 'Two connects race; the loser is cancelled before its SYN-ACK arrives',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'connect-cancelled',
    ...IDENTIFIABLE,
    why: 'The client started a non-blocking connect() and closed it at once; its kernel answered the SYN-ACK by a bare RST; another connection to the same port carried the request',
  },
  async run(lab) {
    const { client: clients, server } = lab.network.puppet;
    const listener = await server.listen(lab.host, lab.port);
    const cancelled = await clients.connect(lab.host, lab.port, { wait: false });
    await cancelled.close();
    const [client, accepted] = await Promise.all([clients.connect(lab.host, lab.port), listener.accept()]);
    await exchange({ client, accepted }, '/page');
    await closeBoth({ client, accepted });
  },
});

const established: Scenario = defineScenario({
  id: 'connect-cancelled/aborted-after-handshake',
  cause: 'connect-cancelled',
  kind: 'quiet',
  title: 'The client aborts after the handshake, with its request sent',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'active-abort',
    cause: 'client-abort',
    equivalent: [],
    why: 'The connection was established and the request sent and read; then the client closed with SO_LINGER 0',
  },
  async run(lab) {
    const { client: clients, server } = lab.network.puppet;
    const listener = await server.listen(lab.host, lab.port);
    const [client, accepted] = await Promise.all([clients.connect(lab.host, lab.port), listener.accept()]);
    await client.send('GET /slow HTTP/1.1\r\nHost: lab\r\n\r\n');
    await accepted.receive();
    await lab.network.settle();
    await client.abort();
    await accepted.death();
  },
});

export const scenarios: readonly Scenario[] = [loser, established];
