"""What this kernel does with a RST: each state, each place of its sequence number, over a TAP device.

Speaks raw TCP to the kernel's own sockets in a network namespace of its own (root needed), and looks at the socket
afterwards: that is the truth. Every case is recorded twice: with nothing after the RST, and with its sender speaking on.
usage: rst-rules.py FOLDER    writes FOLDER/linux-RELEASE.pcap and .json (one entry a connection, by the peer's port)
"""

import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET, TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x40000000, 0x400454CA, 0x0002, 0x1000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MASK = 0xFFFFFFFF
KERNEL, PEER = socket.inet_aton("10.9.0.1"), socket.inet_aton("10.9.0.2")
PEER_MAC = bytes.fromhex("020000000002")
STATES = [
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RECV",
]  # fmt: skip
#: A clock hundred million ticks back: no PAWS check lets it pass.
OLD = 5_000_000 - 100_000_000
DIAGNOSTIC = bytes.fromhex("33aa000e00000000")


def sh(command):
    subprocess.run(command, shell=True, check=True)


def open_tap():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"tap0", IFF_TAP | IFF_NO_PI))
    sh("ip link set lo up; ip addr add 10.9.0.1/24 dev tap0; ip link set tap0 address 02:00:00:00:00:01 up")
    sh("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev tap0 nud permanent")
    return fd


def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Connection:
    """One connection between a socket of the kernel and a peer made of bytes."""

    next_port = 20000

    def __init__(self, fd, timestamps=True, sack=True, client=False, buffer=None):
        Connection.next_port += 1
        self.fd, self.timestamps, self.sack = fd, timestamps, sack
        self.peer_port, self.port = Connection.next_port, Connection.next_port + 10000
        self.frames = []
        self.snd, self.ts, self.ts_echo, self.ip_id = 1_000_000_000, 5_000_000, 0, 100
        # The kernel's next sequence number, what it acknowledged last, and its window in bytes.
        self.kernel_next = self.acked = self.window = self.scale = 0
        self.sock = self.listener = None
        if client:
            self.sock = socket.socket()
            self.sock.setblocking(False)
            self.sock.bind(("10.9.0.1", self.port))
            try:
                self.sock.connect(("10.9.0.2", self.peer_port))
            except BlockingIOError:
                pass
            self.listen(0.03)
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if buffer:
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            self.listener.bind(("10.9.0.1", self.port))
            self.listener.listen(8)

    def send(self, flags, seq=None, ack=None, data=b"", ts="now", lost=False, ack_field=None):
        options = b"\x02\x04\x05\xb4" + (b"\x04\x02\x01\x01" if self.sack else b"") if flags & SYN else b""
        if self.timestamps and ts is not None:
            options += b"\x01\x01\x08\x0a" + struct.pack("!II", (self.ts if ts == "now" else ts) & MASK, self.ts_echo)
        if flags & SYN:
            options += b"\x01\x03\x03\x07"
        ack = (self.kernel_next if ack is None else ack) if flags & ACK else (ack_field or 0)
        head = struct.pack(
            "!HHIIBBHHH", self.peer_port, self.port, (self.snd if seq is None else seq) & MASK, ack & MASK,
            (20 + len(options)) // 4 << 4, flags, 0 if flags & RST else 502, 0, 0,
        )  # fmt: skip
        segment = head + options + data
        sum_ = checksum(PEER + KERNEL + struct.pack("!BBH", 0, 6, len(segment)) + segment)
        segment = segment[:16] + struct.pack("!H", sum_) + segment[18:]
        self.ip_id += 1
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), self.ip_id, 0x4000, 63, 6, 0) + PEER + KERNEL
        packet = packet[:10] + struct.pack("!H", checksum(packet)) + packet[12:] + segment
        frame = bytes.fromhex("020000000001") + PEER_MAC + b"\x08\x00" + packet
        self.frames.append((time.time(), frame))
        if not lost:
            os.write(self.fd, frame)
        self.ts += 5

    def listen(self, seconds):
        """What the kernel sent meanwhile."""
        end, got = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            frame = os.read(self.fd, 65536)
            if frame[12:14] != b"\x08\x00" or frame[23] != 6:
                continue
            port, peer_port, seq, ack, offset, flags, window = struct.unpack("!HHIIBBH", frame[34:50])
            if port != self.port or peer_port != self.peer_port:
                continue
            self.frames.append((time.time(), frame))
            header = (offset >> 4) * 4
            options, at = frame[54 : 34 + header], 0
            while at < len(options) and options[at] != 0:
                if options[at] == 1:
                    at += 1
                    continue
                if options[at] == 8:
                    self.ts_echo = struct.unpack("!I", options[at + 2 : at + 6])[0]
                if options[at] == 3 and flags & SYN:
                    self.scale = options[at + 2]
                at += options[at + 1]
            length = struct.unpack("!H", frame[16:18])[0] - 20 - header
            got.append((flags, ack, length))
            if not flags & RST:
                self.kernel_next = (seq + length + (1 if flags & SYN else 0) + (1 if flags & FIN else 0)) & MASK
                self.acked, self.window = ack, window << (0 if flags & SYN else self.scale)
        return got

    def open(self):
        self.send(SYN)
        self.snd += 1
        self.listen(0.01)
        self.send(ACK)
        self.listen(0.005)
        self.sock = self.listener.accept()[0]
        self.sock.setblocking(False)

    def data(self, length, ahead=0, lost=False):
        """Sends bytes in order, or `ahead` of a gap."""
        self.send(PSH | ACK, seq=self.snd + ahead, data=b"x" * length, lost=lost)
        if ahead == 0:
            self.snd += length

    def talk(self):
        self.data(100)
        self.listen(0.06)

    def fin(self, **how):
        self.send(FIN | ACK, **how)
        self.snd += 1
        self.listen(0.06)

    def close_here(self):
        self.sock.shutdown(socket.SHUT_WR)
        self.listen(0.01)

    def edge(self):
        return (self.acked + self.window) & MASK

    def state(self):
        for line in open("/proc/thread-self/net/tcp").read().splitlines()[1:]:
            field = line.split()
            ends = [int(field[at].split(":")[1], 16) for at in (1, 2)]
            if ends == [self.port, self.peer_port]:
                return STATES[int(field[3], 16)]
        return "none"

    def finish(self):
        for one in (self.sock, self.listener):
            if one is not None:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.close()
        # What that sends is not part of the case.
        end, self.frames = len(self.frames), list(self.frames)
        self.listen(0.01)
        del self.frames[end:]


def send_rst(one, rel=None, edge=None, flags=RST | ACK, **how):
    """Sends the RST; what became of the socket."""
    if rel is not None:
        how["seq"] = (one.snd + rel) & MASK
    if edge is not None:
        how["seq"] = (one.edge() + edge) & MASK
    before, acked = one.state(), one.acked
    frame = len(one.frames)
    one.send(flags, **how)
    answers = one.listen(0.06)
    after = one.state()
    challenged = any(f & 0x3F == ACK and n == 0 and a == acked for f, a, n in answers)
    effect = "accepted" if after in ("none", "CLOSE") else "challenged" if challenged else "ignored"
    if before == "none":
        effect = "ignored"
    return {"at": frame, "before": before, "after": after, "effect": effect}


def gap(one):
    one.talk()
    one.data(100, ahead=50)
    one.listen(0.02)


def two_gaps(one):
    gap(one)
    one.data(100, ahead=300)
    one.listen(0.02)


def fill(one):
    while (room := one.acked + one.window - one.snd) > 0:
        one.data(min(1000, room))
        one.listen(0.003)
    one.listen(0.25)


def fin_wait_1(one):
    one.talk()
    one.close_here()


def fin_wait_2(one):
    fin_wait_1(one)
    one.send(ACK)
    one.listen(0.01)


def orphan(one):
    """Closed, not only shut down: the kernel keeps a small socket in FIN_WAIT2."""
    one.talk()
    one.sock.recv(100)
    one.sock.close()
    one.sock = None
    one.listen(0.01)
    one.send(ACK)
    one.listen(0.03)


def close_wait(one):
    one.talk()
    one.fin()


def last_ack(one):
    close_wait(one)
    one.close_here()


def closing(one):
    fin_wait_1(one)
    one.fin(ack=one.kernel_next - 1)


def time_wait(one):
    orphan(one)
    one.fin()


def closed(one):
    last_ack(one)
    one.send(ACK)
    one.listen(0.02)


def lost_data(one):
    one.talk()
    one.data(100, lost=True)


def lost_then_more(one):
    lost_data(one)
    one.data(100)
    one.listen(0.02)


def unanswered(one):
    """The kernel's data is on its way when the RST comes."""
    one.talk()
    one.sock.send(b"y" * 50)
    one.listen(0.01)


def not_yet_acknowledged(one):
    one.talk()
    one.data(100)


#: States in which the peer has closed, and so says nothing more.
PEER_CLOSED = ("CLOSE_WAIT", "LAST_ACK", "CLOSING", "TIME_WAIT", "closed")
TALK, NOTHING = Connection.talk, lambda one: None
#: name, state to bring about, what the RST has, how the connection is set up
CASES = [
    ("exact", TALK, {"rel": 0}, {}),
    ("exact, without ACK flag", TALK, {"rel": 0, "flags": RST}, {}),
    ("exact, an ACK never sent", TALK, {"rel": 0, "ack": 123456}, {}),
    ("exact, old timestamp", TALK, {"rel": 0, "ts": OLD}, {}),
    ("exact, no timestamp", TALK, {"rel": 0, "ts": None}, {}),
    ("exact, payload", TALK, {"rel": 0, "data": DIAGNOSTIC}, {}),
    ("next + 1", TALK, {"rel": 1}, {}),
    ("next + 1, old timestamp", TALK, {"rel": 1, "ts": OLD}, {}),
    ("next + 1, payload", TALK, {"rel": 1, "data": DIAGNOSTIC}, {}),
    ("next - 1", TALK, {"rel": -1}, {}),
    ("next - 1, payload reaches it", TALK, {"rel": -4, "data": DIAGNOSTIC}, {}),
    ("next - 100000", TALK, {"rel": -100000}, {}),
    ("edge - 1", TALK, {"edge": -1}, {}),
    ("edge", TALK, {"edge": 0}, {}),
    ("edge, payload", TALK, {"edge": 0, "data": DIAGNOSTIC}, {}),
    ("edge + 1", TALK, {"edge": 1}, {}),
    ("edge + 100000", TALK, {"edge": 100000}, {}),
    ("edge + 100000, old timestamp", TALK, {"edge": 100000, "ts": OLD}, {}),
    ("no timestamps: exact", TALK, {"rel": 0}, {"timestamps": False}),
    ("no timestamps: next + 1", TALK, {"rel": 1}, {"timestamps": False}),
    ("not yet acknowledged: exact", not_yet_acknowledged, {"rel": 0}, {}),
    ("not yet acknowledged: its begin", not_yet_acknowledged, {"rel": -100}, {}),
    ("gap: next", gap, {"rel": 0}, {}),
    ("gap: left edge of the block", gap, {"rel": 50}, {}),
    ("gap: in the block", gap, {"rel": 100}, {}),
    ("gap: right edge of the block", gap, {"rel": 150}, {}),
    ("gap: behind the block", gap, {"rel": 151}, {}),
    ("gap: right edge, no SACK", gap, {"rel": 150}, {"sack": False}),
    ("two gaps: right edge of the lower block", two_gaps, {"rel": 150}, {}),
    ("two gaps: right edge of the upper block", two_gaps, {"rel": 400}, {}),
    ("lost before it: exact for its sender", lost_data, {"rel": 0}, {}),
    ("lost before it, later bytes arrived", lost_then_more, {"rel": 0}, {}),
    ("full buffer: exact", fill, {"rel": 0}, {"buffer": 4096}),
    ("full buffer: exact, payload", fill, {"rel": 0, "data": DIAGNOSTIC}, {"buffer": 4096}),
    ("full buffer: next + 1", fill, {"rel": 1}, {"buffer": 4096}),
    ("its data unanswered: exact", unanswered, {"rel": 0}, {}),
    ("its data unanswered: next + 1", unanswered, {"rel": 1}, {}),
    ("its data unanswered: edge + 1", unanswered, {"edge": 1}, {}),
    *(
        ("%s: next %+d" % (name, rel), state, {"rel": rel}, {})
        for name, state in (
            ("FIN_WAIT1", fin_wait_1), ("FIN_WAIT2", fin_wait_2), ("CLOSE_WAIT", close_wait),
            ("LAST_ACK", last_ack), ("CLOSING", closing),
        )
        for rel in (0, 1, -1, -2)
    ),
    *(("orphan: next %+d" % rel, orphan, {"rel": rel}, {}) for rel in (0, 1, -1)),
    ("orphan: edge + 1000", orphan, {"edge": 1000}, {}),
    ("orphan: exact, old timestamp", orphan, {"rel": 0, "ts": OLD}, {}),
    *(("TIME_WAIT: next %+d" % rel, time_wait, {"rel": rel}, {}) for rel in (0, 1, -1)),
    ("TIME_WAIT: exact, without ACK flag", time_wait, {"rel": 0, "flags": RST}, {}),
    ("TIME_WAIT: exact, old timestamp", time_wait, {"rel": 0, "ts": OLD}, {}),
    ("TIME_WAIT: exact, no timestamp", time_wait, {"rel": 0, "ts": None}, {}),
    ("TIME_WAIT: exact, tcp_rfc1337", time_wait, {"rel": 0}, {"sysctl": "net.ipv4.tcp_rfc1337"}),
    ("closed: exact", closed, {"rel": 0}, {}),
    ("SYN_SENT: the SYN's ACK", NOTHING, {"seq": 0, "ts": None}, {"client": True}),
    ("SYN_SENT: the SYN's ACK, any number", NOTHING, {"seq": 777777, "ts": None}, {"client": True}),
    ("SYN_SENT: ACK - 1", NOTHING, {"seq": 0, "ts": None, "dack": -1}, {"client": True}),
    ("SYN_SENT: ACK + 1", NOTHING, {"seq": 0, "ts": None, "dack": 1}, {"client": True}),
    ("SYN_SENT: without ACK flag", NOTHING, {"seq": 0, "ts": None, "flags": RST}, {"client": True}),
    *(("SYN_RECV: next %+d" % rel, NOTHING, {"rel": rel}, {"half": True}) for rel in (0, 1, -1)),
    ("SYN_RECV: exact, without ACK flag", NOTHING, {"rel": 0, "flags": RST}, {"half": True}),
    ("SYN_RECV: edge", NOTHING, {"edge": 0}, {"half": True}),
    ("SYN_RECV: edge + 1", NOTHING, {"edge": 1}, {"half": True}),
    ("SYN_RECV: exact, old timestamp", NOTHING, {"rel": 0, "ts": OLD}, {"half": True}),
]  # fmt: skip


def run(fd, name, bring_about, rst, how, spoken):
    how, rst = dict(how), dict(rst)
    half, sysctl = how.pop("half", False), how.pop("sysctl", None)
    one = Connection(fd, **how)
    if half:
        one.send(SYN)
        one.snd += 1
        one.listen(0.01)
    elif not how.get("client"):
        one.open()
    if sysctl:
        sh("sysctl -qw %s=1" % sysctl)
    bring_about(one)
    if "dack" in rst:
        rst["ack"] = one.kernel_next + rst.pop("dack")
    told = [send_rst(one, **rst)]
    if spoken and name.startswith("lost before it: exact"):
        # As a kernel without a socket answers the challenge.
        told.append(send_rst(one, seq=one.acked, flags=RST, ts=None))
    elif spoken and not how.get("client") and not half and not name.startswith(PEER_CLOSED):
        one.listen(0.25)
        one.data(10)
        one.listen(0.06)
    elif spoken:
        one.listen(0.25)
    if sysctl:
        sh("sysctl -qw %s=0" % sysctl)
    one.finish()
    return one, told


def thrice(fd):
    """Challenge ACKs have a rate of their own: one in half a second and socket (tcp_invalid_ratelimit)."""
    one = Connection(fd)
    one.open()
    one.talk()
    told = [send_rst(one, rel=10), send_rst(one, rel=10)]
    one.listen(0.6)
    told.append(send_rst(one, rel=10))
    one.finish()
    return one, told


def main():
    fd = open_tap()
    frames, table = [], []

    def keep(name, spoken, one, told):
        first = len(frames)
        frames.extend(one.frames)
        for each in told:
            print("%-45s %-6s %-12s -> %-12s %s" % (name, spoken, each["before"], each["after"], each["effect"]))
        rsts = [{"frame": first + each.pop("at") + 1, **each} for each in told]
        table.append({"name": name, "afterwards": spoken, "port": one.peer_port, "rsts": rsts})

    for spoken in (False, True):
        for name, bring_about, rst, how in CASES:
            keep(name, "speaks" if spoken else "silent", *run(fd, name, bring_about, rst, how, spoken))
    keep("next + 10, thrice in 0.7 s", "silent", *thrice(fd))
    stem = os.path.join(sys.argv[1], "linux-" + ".".join(os.uname().release.split(".")[:2]))
    with open(stem + ".pcap", "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, frame in frames:
            out.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame)
    with open(stem + ".json", "w") as out:
        out.write("[\n" + ",\n".join("  " + json.dumps(each) for each in table) + "\n]\n")


main()
