/** TCP keep-alive with all four settings, what came of each, and a close that loses nothing: node examples/socket-keepalive.mjs */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { halfClose, keepAlive, lingeringClose } from 'firsthand/socket';

const server = createServer({ allowHalfOpen: true }, (socket) => {
  keepAlive(socket);
  socket.once('data', async () => {
    socket.write('thank you, that was enough');
    // Not destroy(): a RST could take the answer away from a client that is still sending.
    const { outcome, discardedBytes } = await lingeringClose(socket, { deadlineMs: 5000 });
    console.log(`server: ${outcome}, ${discardedBytes > 0 ? 'discarded the rest' : 'nothing discarded'}`);
    server.close();
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const socket = connect(server.address().port, '127.0.0.1');
// Below the shortest idle limit on the path: here a load balancer that forgets after 240 seconds.
const { settled } = keepAlive(socket, { idleMs: 60_000, intervalMs: 15_000, count: 4, userTimeoutMs: 120_000 });
const { idleMs, intervalMs, count, userTimeoutMs } = await settled;
console.table({ idleMs, intervalMs, count, userTimeoutMs }, ['value', 'how', 'verified', 'why']);

socket.on('data', (data) => console.log(`client: ${data}`));
socket.write(Buffer.alloc(1_000_000));
await halfClose(socket);
