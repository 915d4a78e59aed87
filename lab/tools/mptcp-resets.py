"""RSTs on Multipath TCP, from this kernel: one subflow killed while the other goes on, and all of them by MP_FASTCLOSE.

Two addresses of the client on loopback, in a network namespace of its own (root needed).
usage: mptcp-resets.py FOLDER    writes FOLDER/mptcp-subflow-killed.pcap and FOLDER/mptcp-fastclose.pcap
"""

import ctypes
import os
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET, IPPROTO_MPTCP, ENDED = 0x40000000, 262, struct.pack("ii", 1, 0)
SERVER, FIRST, SECOND = ("10.0.1.1", 5001), "10.0.1.2", "10.0.2.2"


def sh(command):
    subprocess.run(command, shell=True, check=True)


def exchange(client, server, request, response):
    client.send(request)
    server.recv(100)
    server.send(response)
    return client.recv(100)


def kill_one(client, server):
    sh("ss -K src %s dport = :%d >/dev/null" % (SECOND, SERVER[1]))
    time.sleep(0.3)
    if exchange(client, server, b"again", b"still here") != b"still here":
        raise SystemExit("the connection did not survive its subflow")


def close_all(client, _server):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ENDED)
    client.close()


def record(path, act):
    dump = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-s", "256", "-w", path, "tcp"])
    time.sleep(1)
    client, listener = (socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) for _ in range(2))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(SERVER)
    listener.listen(8)
    client.bind((FIRST, 0))
    client.connect(SERVER)
    server = listener.accept()[0]
    exchange(client, server, b"hello", b"world")
    time.sleep(0.3)
    act(client, server)
    # Frames reach the file a moment later.
    time.sleep(1)
    dump.terminate()
    dump.wait()
    for one in (client, server, listener):
        one.close()


def main():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    sh("ip link set lo up; for a in 10.0.1.1 10.0.1.2 10.0.2.2; do ip addr add $a/32 dev lo; done")
    sh("ip mptcp limits set subflow 4; ip mptcp endpoint add %s id 2 subflow" % SECOND)
    record(os.path.join(sys.argv[1], "mptcp-subflow-killed.pcap"), kill_one)
    record(os.path.join(sys.argv[1], "mptcp-fastclose.pcap"), close_all)


main()
