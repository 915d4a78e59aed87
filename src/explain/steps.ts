/** Commands that the meanings share; placeholders are filled from the line by fill.ts. */
import type { Step } from './define.ts';

export const CAPTURE: Step = {
  text: 'Record the next one, and read who sent it',
  command: "tcpdump -ni any -s 256 -w next.pcap '{filter}'   # then: firsthand read next.pcap",
};
export const WATCH: Step = {
  text: 'Or watch them as they happen, each with its cause',
  command: "firsthand watch -i any '{filter}'",
};
export const SOCKETS: Step = {
  text: 'Sockets to that peer: how many, how old, which timers',
  command: 'ss -tanpoi {socket}',
};
export const LISTENS: Step = {
  text: 'On the peer: does anything listen there, on this address?',
  command: "ss -ltnp 'sport = :{port}'",
};
export const QUEUE: Step = {
  text: 'On the peer: is the accept queue full? (Recv-Q against Send-Q, and the counters)',
  command: "ss -ltn 'sport = :{port}'; nstat -az TcpExtListenOverflows TcpExtListenDrops",
};
export const JOURNAL: Step = {
  text: 'On the peer: restarts, crashes, the OOM killer around that time',
  command: "journalctl --since '{time}' -g 'oom|killed process|segfault|exited|Stopp|Start'",
};
export const SERVICE_LOG: Step = {
  text: 'On the peer: what its program logged at that time',
  command: "journalctl -u {unit} --since '{time}'",
};
export const CURL: Step = {
  text: 'Does a fresh connection work?',
  command: 'curl -v --connect-timeout 5 {url}',
};
export const CURL_TIMES: Step = {
  text: 'Where the time goes: connecting, TLS, or waiting for the answer',
  command:
    "curl -so /dev/null -w 'connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer}\\n' {url}",
};
export const KEEP_ALIVE: Step = {
  text: 'How long the server says it keeps idle connections',
  command: 'curl -sv {url} 2>&1 | grep -i keep-alive',
};
export const TLS: Step = {
  text: 'Does the handshake get further by hand?',
  command: 'openssl s_client -connect {peer} </dev/null',
};
export const ROUTE: Step = {
  text: 'Is there a route, and does the next hop answer?',
  command: 'ip route get {remote}; ip neigh',
};
export const FIREWALL: Step = {
  text: 'On both hosts: a rule that rejects or drops',
  command: "nft list ruleset | grep -nE 'reject|drop'",
};
