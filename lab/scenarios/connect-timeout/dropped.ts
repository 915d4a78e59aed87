import { closeBoth, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { pause } from '../../wait.ts';

const cutOff: Scenario = defineScenario({
  id: 'connect-timeout/host-cut-off',
  cause: 'connect-timeout',
  kind: 'fires',
  title: 'The server host is cut off: SYNs into silence',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: 'connect-timeout',
    equivalent: [],
    why: 'The cable behind the router was cut; the client repeated its SYN and gave up after 3.5 s',
  },
  async run(lab) {
    await lab.network.cable('server', 'cut both');
    await lab.network.puppet.client.connect(lab.host, lab.port, { timeoutMs: 3500 }).catch((error: unknown) => error);
  },
});

const answeredLate: Scenario = defineScenario({
  id: 'connect-timeout/second-syn-answered',
  cause: 'connect-timeout',
  kind: 'quiet',
  title: 'The first SYN is lost, the second is answered',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 0,
  truth: {
    sender: null,
    mechanism: null,
    cause: null,
    equivalent: [],
    why: 'The cable was cut for the first half second of connect(); the repeated SYN got through and an exchange followed',
  },
  async run(lab) {
    const { client: clients, server } = lab.network.puppet;
    const listener = await server.listen(lab.host, lab.port);
    await lab.network.cable('server', 'cut both');
    const connecting = Promise.all([clients.connect(lab.host, lab.port), listener.accept()]);
    await pause(500);
    await lab.network.cable('server', 'mend');
    const [client, accepted] = await connecting;
    await exchange({ client, accepted }, '/late');
    await closeBoth({ client, accepted });
  },
});

export const scenarios: readonly Scenario[] = [cutOff, answeredLate];
