"""Sockets on strings: one JSON request a line on stdin, one JSON answer a line on stdout.

Requests run in threads of their own, so that a blocking accept or recv holds up nothing else.
"""

import errno
import json
import os
import select
import socket
import ssl
import struct
import sys
import threading

TCP_REPAIR = 19
sockets = {}
lock = threading.Lock()
counter = [0]


def keep(sock):
    with lock:
        counter[0] += 1
        sockets[counter[0]] = sock
        return counter[0]


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def prepare(host, rcvbuf=None, sndbuf=None):
    sock = socket.socket(family(host), socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if rcvbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    if sndbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    return sock


def listen(host, port, backlog=128, rcvbuf=None):
    sock = prepare(host, rcvbuf)
    sock.bind((host, port))
    sock.listen(backlog)
    return keep(sock)


def accept(id):
    sock, peer = sockets[id].accept()
    return {"id": keep(sock), "port": peer[1]}


def connect(host, port, localPort=0, rcvbuf=None, sndbuf=None, timeoutMs=None, wait=True):
    sock = prepare(host, rcvbuf, sndbuf)
    if localPort:
        sock.bind(("", localPort))
    if not wait:
        sock.setblocking(False)
        sock.connect_ex((host, port))
        sock.setblocking(True)
    else:
        sock.settimeout(timeoutMs / 1000 if timeoutMs else None)
        try:
            sock.connect((host, port))
        except OSError:
            sock.close()
            raise
        sock.settimeout(None)
    return {"id": keep(sock), "port": sock.getsockname()[1]}


def send(id, text=None, size=0):
    sockets[id].sendall(text.encode("latin-1") if text is not None else b"x" * size)
    return True


def send_some(id, size):
    """As much as the send buffer takes without waiting."""
    sock = sockets[id]
    sock.setblocking(False)
    sent = 0
    try:
        while sent < size:
            sent += sock.send(b"x" * min(65536, size - sent))
    except BlockingIOError:
        pass
    finally:
        sock.setblocking(True)
    return sent


def recv(id, size=65536):
    return sockets[id].recv(size).decode("latin-1")


def recv_exactly(id, size):
    got = b""
    while len(got) < size:
        part = sockets[id].recv(size - len(got))
        if not part:
            break
        got += part
    return got.decode("latin-1")


def drain(id):
    """Reads to the end of the stream; the number of bytes."""
    total = 0
    while True:
        part = sockets[id].recv(65536)
        if not part:
            return total
        total += len(part)


def unread(id):
    """Bytes waiting in the receive queue (SIOCINQ)."""
    import fcntl

    return struct.unpack("i", fcntl.ioctl(sockets[id].fileno(), 0x541B, b"\0\0\0\0"))[0]


def unsent(id):
    """Bytes not yet acknowledged by the peer (SIOCOUTQ)."""
    import fcntl

    return struct.unpack("i", fcntl.ioctl(sockets[id].fileno(), 0x5411, b"\0\0\0\0"))[0]


def wait_state(id, state, timeoutMs=10000):
    """Waits until tcpi_state is `state` (include/net/tcp_states.h)."""
    import time

    deadline = time.monotonic() + timeoutMs / 1000
    while time.monotonic() < deadline:
        if sockets[id].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == state:
            return True
        time.sleep(0.001)
    raise OSError(errno.ETIMEDOUT, "state")


def wait_error(id, timeoutMs=30000):
    """Waits for the socket to die; the name of its error."""
    poller = select.poll()
    poller.register(sockets[id].fileno(), 0)
    if not poller.poll(timeoutMs):
        raise OSError(errno.ETIMEDOUT, "no error")
    return errno.errorcode.get(sockets[id].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "0")


def close(id):
    sockets.pop(id).close()
    return True


def abort(id):
    sock = sockets.pop(id)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    return True


def shutdown(id):
    sockets[id].shutdown(socket.SHUT_WR)
    return True


def vanish(id):
    """Forgets the connection without a packet: what a crash of the whole host leaves."""
    sock = sockets.pop(id)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.close()
    return True


def keepalive(id, idleS, intervalS, count):
    sock = sockets[id]
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idleS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, intervalS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, count)
    return True


def user_timeout(id, ms):
    sockets[id].setsockopt(socket.IPPROTO_TCP, 18, ms)
    return True


def tls(id):
    """Starts TLS as the client, without verifying anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sockets[id] = context.wrap_socket(sockets[id])
    return sockets[id].version()


def marker(host, port, text):
    with socket.socket(family(host), socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode(), (host, port))
    return True


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forge(source, sourcePort, target, targetPort, seq, ack, flags, window=0, ttl=64, ipId=0, df=True, syn=False):
    """Sends one TCP segment of somebody else's, over IPv4 or IPv6."""
    options = b"\x02\x04\x05\xb4" if syn else b""
    header = struct.pack(
        "!HHIIBBHHH", sourcePort, targetPort, seq, ack, (5 + len(options) // 4) << 4, flags, window, 0, 0
    ) + options
    version = family(source)
    a, b = socket.inet_pton(version, source), socket.inet_pton(version, target)
    total = checksum(a + b + struct.pack("!II", len(header), 6) + header)
    header = header[:16] + struct.pack("!H", total) + header[18:]
    if version == socket.AF_INET6:
        packet = struct.pack("!IHBB", 6 << 28, len(header), 6, ttl) + a + b
    else:
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(header), ipId, 0x4000 if df else 0, ttl, 6, 0) + a + b
    with socket.socket(version, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(packet + header, (target, 0))
    return True


def segment(ip):
    """What a forger must know of a TCP segment; nothing for any other packet."""
    v6 = ip[0] >> 4 == 6
    start = 40 if v6 else (ip[0] & 15) * 4
    if len(ip) < start + 20 or ip[6 if v6 else 9] != 6:
        return None
    version = socket.AF_INET6 if v6 else socket.AF_INET
    a, b = (ip[8:24], ip[24:40]) if v6 else (ip[12:16], ip[16:20])
    sourcePort, targetPort, seq, ack, offset, flags, window = struct.unpack("!HHIIBBH", ip[start:start + 16])
    size = struct.unpack("!H", ip[4:6])[0] + 40 if v6 else struct.unpack("!H", ip[2:4])[0]
    length = size - start - (offset >> 4) * 4
    return dict(
        source=socket.inet_ntop(version, a), sourcePort=sourcePort, target=socket.inet_ntop(version, b),
        targetPort=targetPort, seq=seq, ack=ack, flags=flags, window=window, length=length,
        nextSeq=(seq + length + (flags & 1) + (flags >> 1 & 1)) & 0xFFFFFFFF, ttl=ip[7 if v6 else 8],
        ipId=0 if v6 else struct.unpack("!H", ip[4:6])[0],
    )


def sniff(device, sourcePort, targetPort):
    """Opens a packet socket that remembers the latest segment of one direction."""
    ETH_P_ALL = 3
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    raw.bind((device, 0))
    seen = {}

    def watch():
        while True:
            frame = raw.recv(65536)
            found = segment(frame[14:]) if frame[12:14] in (b"\x08\x00", b"\x86\xdd") else None
            if found and found["sourcePort"] == sourcePort and targetPort in (0, found["targetPort"]):
                seen.update(found)

    threading.Thread(target=watch, daemon=True).start()
    return keep(seen)


def seen(id):
    return sockets[id]


OPS = {f.__name__: f for f in (
    listen, accept, connect, send, send_some, recv, recv_exactly, drain, unread, unsent, wait_state, wait_error, close,
    abort, shutdown, vanish, keepalive, user_timeout, tls, marker, forge, sniff, seen,
)}


def serve(request):
    call = request.pop("call")
    op = request.pop("op")
    try:
        answer = {"call": call, "value": OPS[op](**request)}
    except OSError as error:
        answer = {"call": call, "error": errno.errorcode.get(error.errno, type(error).__name__), "op": op}
    except Exception as error:
        answer = {"call": call, "error": repr(error), "op": op}
    with lock:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


for line in sys.stdin:
    threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()
os._exit(0)
