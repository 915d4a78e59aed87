import { IDENTIFIABLE } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const localOnly: Scenario = defineScenario({
  id: 'refused/bound-to-localhost',
  cause: 'refused',
  kind: 'fires',
  title: 'A server that listens on localhost only refuses everybody else',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'syn-answer',
    cause: 'refused',
    ...IDENTIFIABLE,
    why: 'The listener was bound to the loopback address of its host; the client came to the address of the network card',
  },
  async run(lab) {
    const { client, server } = lab.network.puppet;
    await server.listen(lab.variation.family === 6 ? '::1' : '127.0.0.1', lab.port);
    await client.connect(lab.host, lab.port).catch((error: unknown) => error);
  },
});

export const scenarios: readonly Scenario[] = [localOnly];
