"""Both ends of the recorded cases: `play.py server|client CASE PORT`. A line on standard output says how far it has come."""
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

ROLE, CASE, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
REQUEST = b"GET /report HTTP/1.1\r\nHost: service.example\r\nX-Padding: " + b"x" * 440 + b"\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"


def say(word):
    print(word, flush=True)


def wait_for_data(sock):
    select.select([sock], [], [])
    time.sleep(0.7)  # longer than a rule of the server would take


def listener():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", PORT))
    sock.listen()
    say("listening")
    return sock


def serve():
    if CASE == "refused":
        say("listening")
        return
    first = listener()
    conn, _ = first.accept()
    if CASE == "unread-data":
        wait_for_data(conn)
        say("ready")
        sys.stdin.readline()
        conn.close()
    elif CASE == "linger-zero":
        conn.recv(65536)
        conn.sendall(RESPONSE)
        conn.recv(65536)
        say("ready")
        sys.stdin.readline()
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        conn.close()
    elif CASE in ("process-crash", "shutdown-in-flight"):
        wait_for_data(conn)
        say("ready")
        time.sleep(60)
    elif CASE == "policy-abort":
        conn.recv(65536)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        conn.close()
        say("ready")
    elif CASE == "forked-worker":
        # The parent's copy is closed with everything unread, and that resets nothing.
        wait_for_data(conn)
        if os.fork() == 0:
            time.sleep(60)
        conn.close()
        say("ready")
        os.wait()
    elif CASE == "out-of-memory":
        wait_for_data(conn)
        say("ready")
        sys.stdin.readline()
        hoard = [bytearray(os.urandom(1 << 20)) for _ in range(1 << 12)]
    elif CASE == "other-thread":
        fd = conn.fileno()
        reader = threading.Thread(target=lambda: os.read(fd, 64))
        reader.start()
        time.sleep(0.3)
        say("ready")
        os.close(conn.detach())
        reader.join()
    elif CASE == "dead-peer":
        conn.recv(65536)
        conn.sendall(RESPONSE)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
        say("ready")
        try:
            conn.recv(65536)
        except TimeoutError:
            pass
    elif CASE == "killed":
        conn.recv(65536)
        say("ready")
        try:
            conn.recv(65536)
        except OSError:
            pass
    elif CASE == "stale-reuse":
        conn.recv(65536)
        conn.sendall(RESPONSE)
        conn.close()
        say("ready")
    say("done")
    sys.stdin.readline()


def ask():
    sock = socket.socket()
    try:
        sock.connect(("127.0.0.1", PORT))
    except ConnectionRefusedError:
        say("done")
        return
    if CASE == "other-thread":
        time.sleep(1.0)
    sock.sendall(REQUEST)
    if CASE in ("linger-zero", "dead-peer", "stale-reuse"):
        sock.recv(65536)
    if CASE == "linger-zero":
        sock.sendall(REQUEST)
    say("asked")
    if CASE == "stale-reuse":
        time.sleep(0.5)
        sock.sendall(REQUEST)
    if CASE == "dead-peer":
        sys.stdin.readline()
        return
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass
    say("done")


signal.signal(signal.SIGINT, signal.SIG_DFL)
serve() if ROLE == "server" else ask()
