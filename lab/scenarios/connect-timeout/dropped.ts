import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

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

export const scenarios: readonly Scenario[] = [cutOff];
