import { IDENTIFIABLE } from '../../equivalents.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';

const SYN = 0x02;

const halfOpen: Scenario = defineScenario({
  id: 'port-scan/half-open',
  cause: 'port-scan',
  kind: 'fires',
  title: 'Half-open scan of twelve open ports',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  ports: 12,
  resets: 12,
  truth: {
    sender: 'client',
    mechanism: 'passive-answer',
    cause: 'port-scan',
    ...IDENTIFIABLE,
    why: "SYNs from a raw socket to twelve listening ports; the scanner's kernel, which knows none of them, answered each SYN-ACK by a bare RST",
  },
  async run(lab) {
    const { client, server } = lab.network.puppet;
    for (const [index, port] of lab.ports.entries()) {
      await server.listen(lab.host, port);
      await client.call('forge', {
        source: lab.network.address.client,
        sourcePort: 61_000 + index,
        target: lab.host,
        targetPort: port,
        seq: 1_000_000 * (index + 1),
        ack: 0,
        flags: SYN,
        window: 1024,
        ttl: 64,
        df: false,
        syn: true,
      });
    }
    await lab.resetsCaptured(12);
  },
});

const connects: Scenario = defineScenario({
  id: 'port-scan/connect-scan',
  cause: 'port-scan',
  kind: 'fires',
  title: 'Connect scan of thirty closed ports',
  needs: NAMESPACES,
  where: 'namespaces',
  points: ['client', 'server'],
  ports: 30,
  resets: 30,
  truth: {
    sender: 'server',
    mechanism: 'syn-answer',
    cause: 'port-scan',
    ...IDENTIFIABLE,
    why: 'One client called connect() on thirty ports on which nothing listens, one after the other',
  },
  async run(lab) {
    for (const port of lab.ports) {
      await lab.network.puppet.client.connect(lab.host, port).catch((error: unknown) => error);
    }
  },
});

const once: Scenario = defineScenario({
  id: 'port-scan/one-refused-connect',
  cause: 'port-scan',
  kind: 'quiet',
  title: 'One refused connect',
  needs: NAMESPACES,
  where: 'namespaces',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'syn-answer',
    cause: 'refused',
    equivalent: [],
    why: 'One client, one port, nobody listening',
  },
  async run(lab) {
    await lab.network.puppet.client.connect(lab.host, lab.port).catch((error: unknown) => error);
  },
});

export const scenarios: readonly Scenario[] = [halfOpen, connects, once];
