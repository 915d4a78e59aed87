/**
 * What a RST looks like by who made it: kernels, packet filters, injectors. `recorded` shapes were recorded from the
 * real thing and are among the test captures; the others were only read about, and what rests on them stays `possible`.
 */

/** Where its sequence number comes from. */
export type NumberRule =
  /** The acknowledgement of the segment it answers; with ACK flag it also acknowledges that segment whole. */
  | 'answer'
  /** The end of all that its claimed sender sent. */
  | 'end'
  /** The start of its claimed sender's last data. */
  | 'repeat';

/** RSTs of one claimed sender that belong together. */
export interface Train {
  /** RSTs that are sent for one trigger. */
  readonly count: number;
  /** What the number of the second and third adds to the first: bytes, or multiples of the receiver's raw window. */
  readonly steps: readonly number[] | 'windows';
  /** What the window of each adds to the one before; null where it says nothing. */
  readonly windowStep: number | null;
}

export interface DeviceShape {
  readonly id: string;
  readonly name: string;
  /** An endpoint's own kernel; a filter that answers in its name; an injector beside the conversation. */
  readonly sender: 'endpoint' | 'filter' | 'injector';
  readonly flags: 'RST' | 'RST+ACK';
  readonly number: readonly NumberRule[];
  /** A value; `live`: not zero; `copied`: that of the segment it answers. */
  readonly window: number | 'live' | 'copied' | 'any';
  readonly options: 'none' | 'timestamps' | 'any';
  /** Before the first hop; `copied` from the flow, so that it tells nothing. */
  readonly ttl: 64 | 128 | 255 | 'copied' | 'any';
  /** `counter`: the next of its connection's own; `random`: anything else than zero. */
  readonly ipId: 'zero' | 'counter' | 'random' | 'any';
  readonly df: 0 | 1 | 'any';
  readonly train: Train | null;
  readonly basis: 'recorded' | 'read';
  readonly source: string;
  /** The measurement that shows whether this one sent it. */
  readonly decides: string;
}

export const DEVICE_SHAPES: readonly DeviceShape[] = [
  {
    id: 'linux-no-socket',
    name: 'a Linux kernel without a socket',
    sender: 'endpoint',
    flags: 'RST',
    number: ['answer'],
    window: 0,
    options: 'none',
    ttl: 64,
    ipId: 'zero',
    df: 1,
    train: null,
    basis: 'recorded',
    source: 'net/ipv4/tcp_ipv4.c tcp_v4_send_reset; test/captures/no-socket, Linux 6.18',
    decides: 'nstat -az TcpOutRsts on the claimed sender grows with each of them; tcp:tcp_send_reset there shows it',
  },
  {
    id: 'linux-abort',
    name: 'a live Linux socket that was aborted',
    sender: 'endpoint',
    flags: 'RST+ACK',
    number: ['end'],
    window: 'live',
    options: 'any',
    ttl: 'any',
    ipId: 'counter',
    df: 1,
    train: null,
    basis: 'recorded',
    source: 'net/ipv4/tcp_output.c tcp_send_active_reset; test/captures/linger-zero, Linux 6.18',
    decides: 'tcp:tcp_send_reset on the claimed sender names the process',
  },
  {
    id: 'linux-reject',
    name: 'nftables or iptables REJECT with tcp-reset',
    sender: 'filter',
    flags: 'RST',
    number: ['answer'],
    window: 0,
    options: 'none',
    ttl: 64,
    ipId: 'zero',
    df: 1,
    train: null,
    basis: 'recorded',
    source: 'net/ipv4/netfilter/nf_reject_ipv4.c; test/captures/firewall-reject, Linux 6.18',
    decides:
      'TcpOutRsts on the claimed sender stands still while the counter of a reject rule grows (nft list ruleset)',
  },
  {
    id: 'tcpkill',
    name: 'tcpkill of dsniff',
    sender: 'injector',
    flags: 'RST',
    number: ['answer'],
    window: 0,
    options: 'none',
    ttl: 64,
    ipId: 'random',
    df: 0,
    train: { count: 3, steps: 'windows', windowStep: null },
    basis: 'recorded',
    source: 'dsniff 2.4b1; test/captures/injected/fires-tcpkill.pcap',
    decides: 'the process list of the hosts on the path, at that moment',
  },
  {
    id: 'snort-3',
    name: 'Snort 3 or Cisco FTD active response',
    sender: 'injector',
    flags: 'RST+ACK',
    number: ['answer', 'end', 'repeat'],
    window: 0,
    options: 'none',
    ttl: 'copied',
    ipId: 'random',
    df: 0,
    train: null,
    basis: 'read',
    source: 'snort3 src/codecs/ip/cd_tcp.cc encode, cd_ipv4.cc encode, src/protocols/packet_manager.cc',
    decides: 'the sensor’s log of rejected sessions, at that second',
  },
  {
    id: 'suricata',
    name: 'Suricata reject',
    sender: 'injector',
    flags: 'RST+ACK',
    number: ['answer', 'repeat'],
    window: 'copied',
    options: 'none',
    ttl: 64,
    ipId: 'any',
    df: 0,
    train: null,
    basis: 'read',
    source: 'suricata src/respond-reject-libnet11.c',
    decides: 'eve.json of the sensor, at that second: its alerts name the rule that rejects',
  },
  {
    id: 'gfw-2006',
    name: 'the Great Firewall as described in 2006',
    sender: 'injector',
    flags: 'RST+ACK',
    number: ['answer', 'end', 'repeat'],
    window: 'any',
    options: 'none',
    ttl: 'any',
    ipId: 'any',
    df: 'any',
    train: { count: 3, steps: [1460, 4380], windowStep: null },
    basis: 'read',
    source:
      'Clayton, Murdoch, Watson, “Ignoring the Great Firewall of China”, PET 2006, as quoted in net4people/bbs 285',
    decides: 'captures at both ends at once: each shows RSTs that the other never sent',
  },
  {
    id: 'gfw-2023',
    name: 'the Great Firewall as described in 2023 and 2025',
    sender: 'injector',
    flags: 'RST+ACK',
    number: ['answer', 'end', 'repeat'],
    window: 'any',
    options: 'none',
    ttl: 'any',
    ipId: 'any',
    df: 'any',
    train: { count: 3, steps: [0, 0], windowStep: 1 },
    basis: 'read',
    source:
      'net4people/bbs 285 and 511; gfw.report, “Analysis of the GFW’s Unconditional Port 443 Block on August 20, 2025”',
    decides: 'captures at both ends at once: each shows RSTs that the other never sent',
  },
  {
    id: 'perftech',
    name: 'a PerfTech in-browser messaging device',
    sender: 'injector',
    flags: 'RST+ACK',
    number: ['answer', 'end', 'repeat'],
    window: 1,
    options: 'none',
    ttl: 'any',
    ipId: 'any',
    df: 0,
    train: null,
    basis: 'read',
    source: 'an access provider’s captures, public note of L. Brotherston',
    decides: 'the same request over a VPN: a device of the provider no longer sees it',
  },
  {
    id: 'freebsd-no-socket',
    name: 'FreeBSD without a connection',
    sender: 'endpoint',
    flags: 'RST',
    number: ['answer'],
    window: 0,
    options: 'any',
    ttl: 64,
    ipId: 'any',
    df: 'any',
    train: null,
    basis: 'read',
    source: 'FreeBSD sys/netinet/tcp_subr.c tcp_respond',
    decides: 'netstat -s -p tcp on the claimed sender before and after',
  },
  {
    id: 'pf-return-rst',
    name: 'pf “block return-rst” (OpenBSD, FreeBSD)',
    sender: 'filter',
    flags: 'RST',
    number: ['answer'],
    window: 0,
    options: 'none',
    ttl: 'any',
    ipId: 'any',
    df: 'any',
    train: null,
    basis: 'read',
    source: 'pf.conf(5) return-rst with its ttl; CVE-2002-0514',
    decides: 'pfctl -vsr on the firewall: the evaluations of the rule grow with the resets',
  },
  {
    id: 'windows-abort',
    name: 'a Windows socket that was aborted',
    sender: 'endpoint',
    flags: 'RST+ACK',
    number: ['end', 'answer'],
    window: 0,
    options: 'none',
    ttl: 128,
    ipId: 'any',
    df: 'any',
    train: null,
    basis: 'read',
    source: 'p0f 2 p0fr.fp (Windows 2000, XP)',
    decides: 'netstat -s -p tcp (Reset Connections) or a pktmon capture on the claimed sender',
  },
  {
    id: 'windows-no-socket',
    name: 'Windows without a connection',
    sender: 'endpoint',
    flags: 'RST',
    number: ['answer'],
    window: 0,
    options: 'none',
    ttl: 128,
    ipId: 'any',
    df: 'any',
    train: null,
    basis: 'read',
    source: 'p0f 2 p0fr.fp (Windows 2000, XP): its acknowledgement field is often not zero',
    decides: 'netstat -s -p tcp (Segments Reset) or a pktmon capture on the claimed sender',
  },
];

/** Devices that the literature names, but whose header fields could not be read at the source: nothing is matched with them. */
export const UNMATCHED_DEVICES: readonly { readonly name: string; readonly said: string; readonly source: string }[] = [
  {
    name: 'Sandvine, as used by Comcast in 2007',
    said: 'RSTs to both ends, each in the name of the other, at BitTorrent events; the offsets by which a detector told it from other devices were not to be had',
    source: 'EFF, “Packet Forgery By ISPs: A Report on the Comcast Affair”, 2007; Weaver et al., NDSS 2009',
  },
  {
    name: 'Palo Alto, FortiGate, Juniper SRX, Cisco ASA',
    said: 'each resets on its own account where a policy or a timeout says so; the manuals do not tell the header fields',
    source: 'manuals of the vendors',
  },
];
