import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startNginx } from '../../nginx.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';

const slowReader: Scenario = defineScenario({
  id: 'policy-abort/nginx-send-timeout',
  cause: 'policy-abort',
  kind: 'fires',
  title: 'nginx resets a client that does not take its response in time',
  needs: [...LOOPBACK, 'python3', 'nginx'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'policy-abort',
    equivalent: ['linger-zero', 'process-crash'],
    equivalentBecause:
      'why a server aborted a response that its client did not take, by a limit of its own, with SO_LINGER 0 or because it died, is invisible on the wire',
    why: 'send_timeout 1s and reset_timedout_connection on; the client asked for 4 MB and read nothing',
  },
  async run(lab) {
    await writeFile(join(lab.directory, 'large'), Buffer.alloc(4 << 20, 0x2e));
    await startNginx(lab, `root ${lab.directory}; send_timeout 1s; reset_timedout_connection on;`);
    const puppet = await lab.puppet();
    const client = await puppet.connect(lab.host, lab.port, { rcvbuf: 8192 });
    await client.send(request('/large'));
    await client.death();
  },
});

export const scenarios: readonly Scenario[] = [slowReader];
