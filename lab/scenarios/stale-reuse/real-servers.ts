import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabContext } from '../../context.ts';
import { IDENTIFIABLE } from '../../equivalents.ts';
import { runCommand } from '../../helper.ts';
import { waitForListener } from '../../listener.ts';
import { TCP_STATE } from '../../puppet.ts';
import type { PuppetSocket } from '../../puppet.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Need, Scenario } from '../../scenario.ts';
import { request } from '../../sockets.ts';
import { pause } from '../../wait.ts';

/** How one server is started and spoken to. */
interface Service {
  readonly start: (lab: LabContext) => Promise<void>;
  readonly greet?: (client: PuppetSocket) => Promise<void>;
  readonly ask: string;
  /** What ends its answer. */
  readonly answered: RegExp;
  /** How long after its FIN the server still takes what comes. */
  readonly lingersMs?: number;
}

async function receiveUntil(client: PuppetSocket, end: RegExp): Promise<void> {
  let text = '';
  while (!end.test(text)) {
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
  async start(lab) {
    const where = ['--bind', lab.host, '--port', String(lab.port), '--dir', lab.directory];
    const plain = ['--save', '', '--appendonly', 'no', '--protected-mode', 'no'];
    const helper = await lab.spawn('redis-server', [...where, ...plain, '--timeout', '1']);
    await waitForListener(lab.port, helper);
  },
  ask: 'GET greeting\r\n',
  answered: /\r\n$/,
};

const apache: Service = {
  async start(lab) {
    await mkdir(join(lab.directory, 'htdocs'));
    await writeFile(join(lab.directory, 'htdocs', 'page'), 'hello\n');
    const file = join(lab.directory, 'apache.conf');
    await writeFile(
      file,
      `LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
ServerName lab.example
ServerRoot ${lab.directory}
DocumentRoot ${lab.directory}/htdocs
PidFile ${lab.directory}/apache.pid
DefaultRuntimeDir ${lab.directory}
Mutex pthread
ErrorLog ${lab.directory}/error.log
Listen ${lab.at(lab.port)}
StartServers 1
KeepAlive On
KeepAliveTimeout 1
`,
    );
    const helper = await lab.spawn('apache2', ['-f', file, '-DFOREGROUND']);
    await waitForListener(lab.port, helper);
  },
  ask: request('/page'),
  answered: /hello\n$/,
  // Two seconds of lingering close, in which a late request is read and thrown away without a word.
  lingersMs: 3000,
};

const STARTUP = 'user\0postgres\0database\0postgres\0\0';
const QUERY = "SELECT 'hello'\0";

const postgres: Service = {
  async start(lab) {
    const [version = ''] = (await readdir('/usr/lib/postgresql')).toReversed();
    const bin = join('/usr/lib/postgresql', version, 'bin');
    const id = async (flag: string): Promise<number> => Number(await runCommand('id', [flag, 'postgres']));
    const [uid, gid] = [await id('-u'), await id('-g')];
    const data = join(lab.directory, 'data');
    await chown(lab.directory, uid, gid);
    const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    await runCommand('setpriv', [...as, join(bin, 'initdb'), '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync']);
    const settings = [`listen_addresses=${lab.host}`, `port=${lab.port}`, `unix_socket_directories=${lab.directory}`];
    const limits = ['idle_session_timeout=1000', 'fsync=off'];
    // --pdeathsig is lost with another user.
    const tied = ['--pdeathsig', 'KILL', join(bin, 'postgres'), '-D', data];
    const helper = await lab.spawn('setpriv', [
      ...as,
      ...tied,
      ...[...settings, ...limits].flatMap((one) => ['-c', one]),
    ]);
    await waitForListener(lab.port, helper);
  },
  async greet(client) {
    await client.send(`${int32(STARTUP.length + 8)}${int32(196_608)}${STARTUP}`);
    await receiveUntil(client, /Z\0\0\0\x05I$/);
  },
  ask: `Q${int32(QUERY.length + 4)}${QUERY}`,
  answered: /Z\0\0\0\x05I$/,
};

function int32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

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
