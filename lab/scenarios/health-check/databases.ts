import { IDENTIFIABLE } from '../../equivalents.ts';
import { startHaproxy } from '../../haproxy.ts';
import type { LabContext } from '../../context.ts';
import { startPostgres } from '../../postgres.ts';
import { startRedis } from '../../redis.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Need, Scenario, Truth } from '../../scenario.ts';

const PROBES = 5;

/** HAProxy in front of a database, with the check that it has for this kind. */
async function check(lab: LabContext, option: string): Promise<void> {
  const haproxy = await startHaproxy(
    lab,
    `defaults
  mode tcp
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen front
  bind ${lab.at(lab.ports[1]!)}
  ${option}
  server one ${lab.at(lab.port)} check inter 500ms`,
    lab.ports[1]!,
  );
  await lab.resetsCaptured(PROBES);
  await haproxy.stop('SIGKILL');
}

function checked(
  name: string,
  title: string,
  need: Need,
  run: Scenario['run'],
  why: string,
  equivalents: Pick<Truth, 'equivalent' | 'equivalentBecause'>,
): Scenario {
  return defineScenario({
    id: `health-check/${name}`,
    cause: 'health-check',
    kind: 'fires',
    title,
    needs: [...LOOPBACK, 'haproxy', need],
    where: 'loopback',
    ports: 2,
    capturedPorts: 1,
    resets: PROBES,
    truth: { sender: 'client', mechanism: 'active-abort', cause: 'health-check', ...equivalents, why },
    run,
  });
}

export const scenarios: readonly Scenario[] = [
  checked(
    'haproxy-redis-check',
    'HAProxy asks Redis for a PONG every 500 ms and ends each probe by a RST',
    'redis',
    async (lab) => {
      await startRedis(lab, lab.port);
      await check(lab, 'option redis-check');
    },
    'HAProxy `option redis-check`, `check inter 500ms` against Redis: connect, PING, PONG, reset',
    {
      equivalent: ['benign-close'],
      equivalentBecause: 'whoever asks the same on a schedule and resets after the answer leaves what a probe leaves',
    },
  ),
  checked(
    'haproxy-before-postgres',
    'HAProxy connects to PostgreSQL every 500 ms and ends each probe by a RST, an "incomplete startup packet" each',
    'postgres',
    async (lab) => {
      await startPostgres(lab, []);
      await check(lab, 'option tcplog');
    },
    'HAProxy `check inter 500ms` without a check of its own kind, against PostgreSQL: connect, and reset at once',
    IDENTIFIABLE,
  ),
];
