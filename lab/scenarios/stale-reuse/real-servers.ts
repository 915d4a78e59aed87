import { startApache } from '../../apache.ts';
import type { LabContext } from '../../context.ts';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { PG_READY, PG_STARTUP, pgQuery, startPostgres } from '../../postgres.ts';
import { TCP_STATE } from '../../puppet.ts';
import type { PuppetSocket } from '../../puppet.ts';
import { startRedis } from '../../redis.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Need, Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';
import { pause } from '../../wait.ts';

/** How one server is started and spoken to. */
interface Service {
  readonly start: (lab: LabContext) => Promise<unknown>;
  readonly greet?: (client: PuppetSocket) => Promise<void>;
  readonly ask: string;
  /** What ends its answer. */
  readonly answered: string;
  /** How long after its FIN the server still takes what comes. */
  readonly lingersMs?: number;
}

async function receiveUntil(client: PuppetSocket, end: string): Promise<void> {
  let text = '';
  while (!text.endsWith(end)) {
    const part = await client.receive();
    if (part === '') throw new Error(`the server closed after ${JSON.stringify(text)}`);
    text += part;
  }
}

/** One exchange, quiet until the server has closed, then the next request of a pool that did not look. */
async function reuse(lab: LabContext, service: Service): Promise<void> {
  await service.start(lab);
  const puppet = await lab.puppet();
  const client = await puppet.connect(lab.host, lab.port);
  await service.greet?.(client);
  await client.send(service.ask);
  await receiveUntil(client, service.answered);
  await client.state(TCP_STATE.closeWait);
  await pause(service.lingersMs ?? 50);
  await client.send(service.ask);
  await client.death();
}

const redis: Service = {
  start: (lab) => startRedis(lab, lab.port, ['--timeout', '1']),
  ask: 'GET greeting\r\n',
  answered: '\r\n',
};

const apache: Service = {
  start: (lab) => startApache(lab, 'KeepAlive On\nKeepAliveTimeout 1'),
  ask: request('/page'),
  answered: 'hello\n',
  // Two seconds of lingering close, in which a late request is read and thrown away without a word.
  lingersMs: 3000,
};

const postgres: Service = {
  start: (lab) => startPostgres(lab, ['idle_session_timeout=1000']),
  async greet(client) {
    await client.send(PG_STARTUP);
    await receiveUntil(client, PG_READY);
  },
  ask: pgQuery("SELECT 'hello'"),
  answered: PG_READY,
};

function closedByServer(name: string, title: string, needs: readonly Need[], service: Service, why: string): Scenario {
  return defineScenario({
    id: `stale-reuse/${name}`,
    cause: 'stale-reuse',
    kind: 'fires',
    title,
    needs: [...LOOPBACK, 'python3', ...needs],
    where: 'loopback',
    resets: 1,
    truth: { sender: 'server', mechanism: 'passive-answer', cause: 'stale-reuse', ...IDENTIFIABLE, why },
    run: (lab) => reuse(lab, service),
  });
}

export const scenarios: readonly Scenario[] = [
  closedByServer(
    'redis-timeout',
    'Redis closes an idle connection; the pool asks again on it',
    ['redis'],
    redis,
    'Redis with timeout 1 closed the idle connection by FIN; the client, which had the FIN and did not look, sent its next command',
  ),
  closedByServer(
    'apache-keep-alive',
    'Apache httpd closes an idle connection; the pool sends its next request much later',
    ['apache2'],
    apache,
    'Apache with KeepAliveTimeout 1 closed by FIN, lingered for two seconds and was gone when the next request came',
  ),
  closedByServer(
    'postgres-idle-session',
    'PostgreSQL ends an idle session with a message; the pool sends its next query on it',
    ['postgres'],
    postgres,
    'PostgreSQL with idle_session_timeout 1 s sent FATAL 57P05 and closed by FIN; the client read neither and sent its next query',
  ),
];
