/** The hops of a real incident, whose own logs are then explained: clients, HAProxy, nginx, and servers that fail. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { CleanupStack } from '../../../lab/cleanup.ts';
import { type Helper, startHelper } from '../../../lab/helper.ts';
import { waitForListener } from '../../../lab/listener.ts';
import { freePorts } from '../../../lab/ports.ts';

export interface Hops {
  readonly upstreamPort: number;
  /** Where a server was killed. */
  readonly gonePort: number;
  readonly nginxPort: number;
  readonly haproxyPort: number;
  readonly nginx: Helper;
  /** Resolves when the server has got a request for this path. */
  arrived(path: string): Promise<void>;
  /** Stops the programs and gives the paths of their logs. */
  logs(): Promise<{ readonly error: string; readonly access: string; readonly haproxy: string }>;
}

/** A new folder, removed in the end. */
export async function scratchFolder(cleanup: CleanupStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firsthand-logs-'));
  cleanup.defer('remove the logs', () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Clients → HAProxy (PROXY protocol on both sides) → nginx → a Node server; nginx answers clients directly too. */
export async function startHops(cleanup: CleanupStack): Promise<Hops> {
  const folder = await scratchFolder(cleanup);
  const server = faultyServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.defer('close the server', () => {
    server.close();
    server.closeAllConnections();
  });
  const upstreamPort = (server.address() as AddressInfo).port;
  const [nginxPort = 0, proxiedPort = 0, haproxyPort = 0, gonePort = 0] = await freePorts(4);
  await killedServer(cleanup, gonePort);
  const nginx = await startNginx(cleanup, folder, nginxPort, proxiedPort, upstreamPort, gonePort);
  const haproxy = await startHaproxy(cleanup, folder, haproxyPort, proxiedPort, upstreamPort);
  return {
    upstreamPort,
    gonePort,
    nginxPort,
    haproxyPort,
    nginx,
    arrived: async (path) => {
      for (;;) {
        const [request] = (await once(server, 'request')) as [{ readonly url: string }];
        if (request.url === path) return;
      }
    },
    async logs() {
      await haproxy.stop();
      await nginx.stop('SIGQUIT');
      return {
        error: join(folder, 'error.log'),
        access: join(folder, 'access.log'),
        haproxy: join(folder, 'haproxy.log'),
      };
    },
  };
}

/** `/abort` is reset unanswered, `/cut` in the middle of the answer, `/slow` never answered; large bodies are reset. */
function faultyServer(): Server {
  return createServer((request, response) => {
    const { socket, url } = request;
    const isLarge = Number(request.headers['content-length'] ?? 0) > 65_536;
    if (url === '/abort' || isLarge) socket.resetAndDestroy();
    else if (url === '/cut') {
      response.writeHead(200, { 'content-length': 100_000 });
      response.write('x'.repeat(5000), () => socket.resetAndDestroy());
    } else if (url !== '/slow') request.resume().on('end', () => response.end('ok'));
  });
}

/** A server that listened on the port and was killed. */
async function killedServer(cleanup: CleanupStack, port: number): Promise<void> {
  const code = `require('node:http').createServer((_, answer) => answer.end('ok')).listen(${port}, '127.0.0.1')`;
  const server = await startHelper(cleanup, process.execPath, ['-e', code]);
  await waitForListener(port, server);
  await server.stop('SIGKILL');
}

async function startNginx(
  cleanup: CleanupStack,
  folder: string,
  port: number,
  proxiedPort: number,
  upstreamPort: number,
  gonePort: number,
): Promise<Helper> {
  const config = join(folder, 'nginx.conf');
  await mkdir(join(folder, 'body'));
  await writeFile(
    config,
    `user root; daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log info;
events { worker_connections 64; }
http {
  log_format hop '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent request_length=$request_length request_time=$request_time upstream_addr=$upstream_addr';
  access_log ${folder}/access.log hop;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
  server {
    listen 127.0.0.1:${port}; listen 127.0.0.1:${proxiedPort} proxy_protocol;
    location / { proxy_pass http://127.0.0.1:${upstreamPort}; proxy_request_buffering off; proxy_http_version 1.1; }
    location /gone { proxy_pass http://127.0.0.1:${gonePort}; }
  }
}
`,
  );
  const nginx = await startHelper(cleanup, 'nginx', ['-p', folder, '-c', config, '-e', join(folder, 'error.log')]);
  await waitForListener(port, nginx);
  return nginx;
}

async function startHaproxy(
  cleanup: CleanupStack,
  folder: string,
  port: number,
  nginxPort: number,
  upstreamPort: number,
): Promise<Helper> {
  const config = join(folder, 'haproxy.cfg');
  await writeFile(
    config,
    `global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 10s
  timeout server 1s
frontend shop
  bind 127.0.0.1:${port} accept-proxy
  use_backend slow if { path /slow }
  default_backend web
backend web
  server nginx1 127.0.0.1:${nginxPort} send-proxy
backend slow
  server node1 127.0.0.1:${upstreamPort}
`,
  );
  const haproxy = await startHelper(cleanup, 'haproxy', ['-db', '-f', config]);
  const written = haproxy.child.stdout!.pipe(createWriteStream(join(folder, 'haproxy.log')));
  await waitForListener(port, haproxy);
  const { stop } = haproxy;
  return {
    ...haproxy,
    stop: async (signal) => {
      await stop(signal);
      await finished(written);
    },
  };
}

/** Sends bytes and waits for the end of the connection, however it comes; what was received. */
export async function exchanged(port: number, ...pieces: readonly string[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let received = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => (received += bytes.toString('latin1')));
  for (const piece of pieces) socket.write(piece);
  await once(socket, 'close');
  return received;
}

/** A whole request that asks for a close. */
export function requestFor(path: string, bodyLen = 0): string {
  const head = `${bodyLen === 0 ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n`;
  return `${head}${bodyLen === 0 ? '' : `Content-Length: ${bodyLen}\r\n`}\r\n${'b'.repeat(bodyLen)}`;
}

/** The line with which a load balancer in front tells whose connection it is (PROXY protocol, version 1). */
export function onBehalfOf(address: string, port: number): string {
  return `PROXY TCP4 ${address} 203.0.113.1 ${port} 80\r\n`;
}

/** The text of a log. */
export function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8');
}
