import { IDENTIFIABLE } from '../../equivalents.ts';
import { closeBoth, connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const timeout: Scenario = defineScenario({
  id: 'connect-cancelled/connect-timeout-too-short',
  cause: 'connect-cancelled',
  kind: 'fires',
  title: 'A connect timeout shorter than the round trip: the SYN-ACK comes to nobody',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  fixed: ['delay'],
  resets: 1,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'connect-cancelled',
    ...IDENTIFIABLE,
    why: 'The client closed its socket 4 ms after the SYN, the round trip takes 10 ms; its second try, more patient, was served',
  },
  async run(lab) {
    const { client: clients, server } = lab.network.puppet;
    const listener = await server.listen(lab.host, lab.port);
    await clients.connect(lab.host, lab.port, { timeoutMs: 4 }).catch((error: unknown) => error);
    await lab.network.settle();
    const [client, accepted] = await Promise.all([clients.connect(lab.host, lab.port), listener.accept()]);
    await exchange({ client, accepted }, '/page');
    await closeBoth({ client, accepted });
  },
});

const threeRace: Scenario = defineScenario({
  id: 'connect-cancelled/three-race',
  cause: 'connect-cancelled',
  kind: 'fires',
  title: 'Three connects at once; when the first is there the client cancels the others, still on their way',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  resets: 2,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'connect-cancelled',
    ...IDENTIFIABLE,
    why: 'An established connection carried the request; two more connects that had begun meanwhile were closed before their SYN-ACK came',
  },
  async run(lab) {
    const both = await connected(lab);
    const { client: clients } = lab.network.puppet;
    const late = [
      await clients.connect(lab.host, lab.port, { wait: false }),
      await clients.connect(lab.host, lab.port, { wait: false }),
    ];
    await Promise.all(late.map((one) => one.close()));
    await exchange(both, '/page');
    await closeBoth(both);
  },
});

export const scenarios: readonly Scenario[] = [timeout, threeRace];
