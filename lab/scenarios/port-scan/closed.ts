import { IDENTIFIABLE } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const SYN = 0x02;
const PORTS = 25;

const closed: Scenario = defineScenario({
  id: 'port-scan/syn-scan-of-closed-ports',
  cause: 'port-scan',
  kind: 'fires',
  title: 'Raw SYNs from one source port to twenty-five closed ports',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  ports: PORTS,
  resets: PORTS,
  truth: {
    sender: 'server',
    mechanism: 'syn-answer',
    cause: 'port-scan',
    ...IDENTIFIABLE,
    why: 'A raw socket sent one SYN to each of twenty-five ports on which nothing listens, all from one port of its own',
  },
  async run(lab) {
    for (const port of lab.ports) {
      await lab.network.puppet.client.call('forge', {
        source: lab.network.address.client,
        sourcePort: 51_515,
        target: lab.host,
        targetPort: port,
        seq: 77_000_000,
        ack: 0,
        flags: SYN,
        window: 1024,
        ttl: 64,
        df: false,
        syn: true,
      });
    }
    await lab.resetsCaptured(PORTS);
  },
});

export const scenarios: readonly Scenario[] = [closed];
