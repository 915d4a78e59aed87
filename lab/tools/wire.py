"""A cable between two network namespaces: a TAP device in each, frames carried over after a fixed delay.

Does what a veth pair with netem does, on kernels without netem, and can be cut.
usage: wire.py NETNS_A DEVICE_A NETNS_B DEVICE_B DELAY_MS
stdin: "cut ab", "cut ba", "cut both", "mend"; every command is answered by "ok" on stdout.
"""

import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def open_tap(namespace, device):
    with open("/run/netns/" + namespace) as handle:
        if libc.setns(handle.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + namespace)
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def main():
    a, b = open_tap(sys.argv[1], sys.argv[2]), open_tap(sys.argv[3], sys.argv[4])
    delay = float(sys.argv[5]) / 1000
    cut = set()
    queues = {a: collections.deque(), b: collections.deque()}
    print("ok", flush=True)
    while True:
        now = time.monotonic()
        for queue in queues.values():
            while queue and queue[0][0] <= now:
                _, out, frame = queue.popleft()
                try:
                    os.write(out, frame)
                except OSError:
                    pass
        due = [queue[0][0] for queue in queues.values() if queue]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        readable, _, _ = select.select([a, b, 0], [], [], timeout)
        for fd in readable:
            if fd == 0:
                line = os.read(0, 100).decode().strip()
                if not line:
                    return
                cut = {"cut ab": {a}, "cut ba": {b}, "cut both": {a, b}}.get(line, set())
                print("ok", flush=True)
                continue
            try:
                frame = os.read(fd, 65536)
            except OSError:
                continue
            if fd not in cut:
                queues[fd].append((time.monotonic() + delay, b if fd == a else a, frame))


main()
