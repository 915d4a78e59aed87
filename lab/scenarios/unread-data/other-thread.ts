import { once } from 'node:events';
import { abortWithoutAnswer } from '../../equivalents.ts';
import { waitForListener } from '../../listener.ts';
import { LOOPBACK, defineScenario } from '../../scenario.ts';
import type { Scenario } from '../../scenario.ts';
import { closed, dial, request, write } from '../../sockets.ts';

/** One thread waits in read(), another closes the descriptor: the socket lives until the read returns. */
const SERVER = `
import os, socket, sys, threading
kind = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listener = socket.socket(kind)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen()
conn, _ = listener.accept()
fd = conn.detach()
reader = threading.Thread(target=os.read, args=(fd, 64))
reader.start()
task = "/proc/self/task/%d/syscall" % reader.native_id
while not open(task).read().startswith("%d " % READ): pass
os.close(fd)
print("closed", flush=True)
reader.join()
sys.stdin.readline()
`.replace('READ', process.arch === 'arm64' ? '63' : '0');

const otherThread: Scenario = defineScenario({
  id: 'unread-data/closed-by-another-thread',
  cause: 'unread-data',
  kind: 'fires',
  title: 'One thread reads, another closes the socket under it: the first read takes a part, the rest resets',
  needs: [...LOOPBACK, 'python3'],
  where: 'loopback',
  resets: 1,
  truth: {
    sender: 'server',
    mechanism: 'active-abort',
    cause: 'unread-data',
    ...abortWithoutAnswer('unread-data'),
    why: 'A thread of the server waited in read(fd, 64) when another closed fd; nothing was sent then; the 500-byte request woke the reader, whose end closed the socket with 436 bytes unread',
  },
  async run(lab) {
    const server = await lab.spawn('python3', ['-I', '-c', SERVER, lab.host, String(lab.port)]);
    const said = once(server.child.stdout!, 'data');
    await waitForListener(lab.port, server);
    const client = await dial(lab);
    await said;
    client.resume();
    await write(client, request('/report', 500));
    await closed(client);
  },
});

export const scenarios: readonly Scenario[] = [otherThread];
