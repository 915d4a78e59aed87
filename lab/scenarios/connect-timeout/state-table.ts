import type { LabContext } from '../../context.ts';
import { connected, exchange } from '../../exchange.ts';
import { NAMESPACES, defineScenario } from '../../scenario.ts';
import type { Scenario, Truth } from '../../scenario.ts';

/** The kernel's own limit, nf_conntrack_max, is one for the whole machine; a rule counts the same entries. */
function oneState(port: number): string {
  return `table inet lab {
    chain forward {
      type filter hook forward priority 0
      tcp dport ${port} ct state new ct count over 1 drop
    }
  }
`;
}

/** A NAT with one port to give. */
function onePort(port: number): string {
  return `table inet lab {
    chain postrouting {
      type nat hook postrouting priority 100
      tcp dport ${port} masquerade to :40000-40000
    }
  }
`;
}

/** One connection has the only place; while it lives, a second one is tried for 3.5 s. */
async function fillAndTry(lab: LabContext, rules: string): Promise<void> {
  await lab.network.exec('router', 'nft', ['-f', '-'], rules);
  const both = await connected(lab);
  await exchange(both, '/first');
  await lab.network.puppet.client.connect(lab.host, lab.port, { timeoutMs: 3500 }).catch((error: unknown) => error);
  await exchange(both, '/second');
}

function unanswered(why: string): Truth {
  return { sender: null, mechanism: null, cause: 'connect-timeout', equivalent: [], why };
}

const stateTable: Scenario = defineScenario({
  id: 'connect-timeout/state-table-full',
  cause: 'connect-timeout',
  kind: 'fires',
  title: 'The firewall’s state table is full: connections that exist go on, new SYNs get nothing',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  resets: 0,
  truth: unanswered(
    'The router allowed one tracked connection and dropped every SYN beyond it; the one that existed went on, the SYN of the second was repeated for 3.5 s',
  ),
  run: (lab) => fillAndTry(lab, oneState(lab.port)),
});

const natPorts: Scenario = defineScenario({
  id: 'connect-timeout/nat-ports-used-up',
  cause: 'connect-timeout',
  kind: 'fires',
  title: 'The NAT has no port left for this server: the SYN of the next connection vanishes',
  needs: [...NAMESPACES, 'nft'],
  where: 'namespaces',
  resets: 0,
  truth: unanswered(
    'The router masqueraded to a single port, which one connection held; no unique tuple was left for the second, whose SYN it dropped for 3.5 s',
  ),
  run: (lab) => fillAndTry(lab, onePort(lab.port)),
});

export const scenarios: readonly Scenario[] = [stateTable, natPorts];
