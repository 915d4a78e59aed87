"""A cable between two network namespaces: a TAP device in each, frames carried over after a fixed delay.

Does what a veth pair with netem does, on kernels without netem, and can be cut.
LOSS is the percentage of frames with data that are lost: short ones, such as an ACK or a RST, always arrive. With
"offloads" both cards take segments larger than the MTU and unfinished checksums, as most real cards do.
usage: wire.py NETNS_A DEVICE_A NETNS_B DEVICE_B DELAY_MS [LOSS [offloads]]
stdin: "cut ab", "cut ba", "cut both" drop what is sent from then on, "hold ab" keeps it back until "mend", which ends
all of them; every command is answered by "ok" on stdout.
"""

import collections
import ctypes
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x0002, 0x1000, 0x4000
TUNSETOFFLOAD, TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6 = 0x400454D0, 1, 2, 4
LARGEST_FRAME = 10 + 14 + 65536
# Headers of IPv6 and TCP with all options, behind those of Ethernet and of the card.
WITHOUT_DATA = 10 + 14 + 40 + 60
libc = ctypes.CDLL(None, use_errno=True)


def open_tap(namespace, device, offloads):
    with open("/run/netns/" + namespace) as handle:
        if libc.setns(handle.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + namespace)
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    # The header before each frame says what the card would still have to do; the other end passes it on to its kernel.
    header = IFF_VNET_HDR if offloads else 0
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI | header))
    if offloads:
        fcntl.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
    return fd


def main():
    loss = float(sys.argv[6]) / 100 if len(sys.argv) > 6 else 0.0
    offloads = sys.argv[7:] == ["offloads"]
    # The same losses whenever the same frames are sent.
    chance = random.Random(loss)
    a, b = open_tap(sys.argv[1], sys.argv[2], offloads), open_tap(sys.argv[3], sys.argv[4], offloads)
    delay = float(sys.argv[5]) / 1000
    cut, held = set(), set()
    queues = {a: collections.deque(), b: collections.deque()}
    print("ok", flush=True)
    while True:
        now = time.monotonic()
        for fd, queue in queues.items():
            while queue and queue[0][0] <= now and fd not in held:
                _, out, frame = queue.popleft()
                try:
                    os.write(out, frame)
                except OSError:
                    pass
        due = [queue[0][0] for fd, queue in queues.items() if queue and fd not in held]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        readable, _, _ = select.select([a, b, 0], [], [], timeout)
        for fd in readable:
            if fd == 0:
                line = os.read(0, 100).decode().strip()
                if not line:
                    return
                cut = {"cut ab": {a}, "cut ba": {b}, "cut both": {a, b}}.get(line, set())
                held = {a} if line == "hold ab" else set()
                print("ok", flush=True)
                continue
            try:
                frame = os.read(fd, LARGEST_FRAME)
            except OSError:
                continue
            if fd not in cut and (len(frame) <= WITHOUT_DATA or chance.random() >= loss):
                queues[fd].append((time.monotonic() + delay, b if fd == a else a, frame))


main()
