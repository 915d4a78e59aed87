import type { LabContext } from './context.ts';

/** Makes the router forget established connections after two seconds of quiet, and do `verdict` to what it does not know. */
export async function forgetfulRouter(lab: LabContext, verdict: 'reject with tcp reset' | 'drop'): Promise<void> {
  const rules = `table inet lab {
    chain forward {
      type filter hook forward priority 0
      ct state invalid ${verdict}
    }
  }
`;
  await lab.network.exec('router', 'nft', ['-f', '-'], rules);
  // loose=0: a packet in the middle of an unknown connection is invalid, not new.
  for (const setting of ['nf_conntrack_tcp_timeout_established=2', 'nf_conntrack_tcp_loose=0']) {
    await lab.network.exec('router', 'sysctl', ['-q', '-w', `net.netfilter.${setting}`]);
  }
}
