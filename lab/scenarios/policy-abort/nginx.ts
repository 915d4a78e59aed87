import type { LabContext } from '../../context.ts';
import { abortWithoutAnswer } from '../../equivalents.ts';
import { startNginx } from '../../nginx.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, request, write } from '../../sockets.ts';

async function ask(lab: LabContext, serverBody: string): Promise<void> {
  await startNginx(lab, serverBody);
  const client = await dial(lab);
  await write(client, request('/wp-login.php'));
  client.resume();
  await closed(client);
}

const dropped: Scenario = defineScenario({
  id: 'policy-abort/nginx-444',
  cause: 'policy-abort',
  kind: 'fires',
  title: 'nginx answers a forbidden request by 444: a reset',
  needs: [...LOOPBACK, 'nginx'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'policy-abort',
    ...abortWithoutAnswer('policy-abort'),
    why: 'return 444 with reset_timedout_connection on',
  },
  run: (lab) => ask(lab, 'reset_timedout_connection on; location / { return 444; }'),
});

const refusedPolitely: Scenario = defineScenario({
  id: 'policy-abort/nginx-403',
  cause: 'policy-abort',
  kind: 'quiet',
  title: 'nginx answers the same request by 403 and closes by FIN',
  needs: [...LOOPBACK, 'nginx'],
  where: 'loopback',
  resets: 0,
  truth: { sender: null, mechanism: null, cause: null, equivalent: [], why: 'return 403 with keepalive_timeout 0' },
  run: (lab) => ask(lab, 'keepalive_timeout 0; location / { return 403; }'),
});

export const scenarios: readonly Scenario[] = [dropped, refusedPolitely];
