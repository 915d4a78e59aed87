/** Connects to itself, sets keep-alive before or after the connection is there, and prints what came of it. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { keepAlive } from '../../dist/src/resilience/socket/index.js';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const accepted = once(server, 'connection');
const socket = connect(server.address().port, '127.0.0.1');
if (process.argv[2] === 'after') await once(socket, 'connect');
const settings = { idleMs: 7000, intervalMs: 3000, count: 4, userTimeoutMs: 19_500 };
const result = await keepAlive(socket, settings).settled;
// What an http.Agent calls when a socket becomes idle.
socket.setKeepAlive(true, 1000);
console.log(JSON.stringify({ fd: socket._handle.fd, result }));
socket.destroy();
(await accepted)[0].destroy();
server.close();
