import { NO, shown, type SilenceCause } from '../define.ts';
import { other } from '../../evidence/facts.ts';
import { hostPort, lasting, who } from '../telling.ts';
import { aliveMeanwhile, firstUnanswered, growingPauses, repeatFrames, worked } from './repeats.ts';

const LONG_MS = 30_000;
const SHORT_MS = 1500;
const ENOUGH_REPEATS = 2;

/** An idle connection that something on the path forgot and then drops. */
export const idleDropped: SilenceCause = {
  id: 'idle-dropped',
  title: 'something between forgot the idle connection and drops its packets',
  who: 'a firewall, NAT or load balancer on the path',
  requires: ['a connection that worked', 'quiet', 'a first packet after the quiet that is repeated and never answered'],
  uses: ['the idle limits of the hops', 'a capture on the other side'],
  docs: {
    what: 'A connection is quiet for a while. The next packet is repeated at growing intervals and never answered, until the sender gives up with ETIMEDOUT. Nobody sends a RST: the hop that dropped its state drops the packets too, and both ends believe in the connection.',
    why: 'Firewalls, NATs and load balancers keep a state for each connection and remove it after an idle limit, often without a word: 350 s by default on an AWS NLB, 4 minutes on an Azure load balancer, 1 hour on a Cisco ASA. A pool that keeps connections for longer meets the hole.',
    tellApart: [
      {
        from: 'retransmission-timeout',
        how: 'there the answers stop in the middle of a transfer, not after quiet. A host that died while the connection was idle leaves the same packets; other connections to it that go on rule that out.',
      },
      { from: 'firewall-state-expiry', how: 'there the hop answers the first packet after the quiet with a RST.' },
      { from: 'stale-reuse', how: 'there the peer had closed, and its kernel answers with a RST.' },
    ],
    sources: [
      'AWS Network Load Balancer idle timeout',
      'Azure Load Balancer TCP idle timeout',
      'RFC 5382 §5',
      'tcp(7)',
    ],
  },
  tell({ facts }) {
    return `${who(facts, facts.unanswered)} got no answer any more after ${lasting(facts.quietMs)} of quiet`;
  },
  judge(input) {
    const { facts } = input;
    const { quietMs, repeats, tryingMs } = facts;
    if (facts.phase === 'connect' || !worked(facts) || repeats < ENOUGH_REPEATS) return NO;
    if (quietMs === null || quietMs < SHORT_MS) return NO;
    const alive = aliveMeanwhile(input);
    const evidence = [
      shown(
        facts,
        'quiet-before',
        firstUnanswered(facts),
        `no packet passed for ${lasting(quietMs)}, although the connection had worked before`,
      ),
      shown(
        facts,
        'repeats-unanswered',
        repeatFrames(facts),
        `then ${repeats} repeats in ${lasting(tryingMs)}, none answered${growingPauses(facts)}`,
      ),
    ];
    if (alive > 0) {
      evidence.push(
        shown(
          facts,
          'host-alive',
          [],
          `${alive} other connection${alive === 1 ? '' : 's'} to ${hostPort(facts.server.address, facts.server.port)} went on meanwhile: the host was up, and the path to it`,
        ),
      );
    }
    const wouldTell = `where the packets vanish: captures on both sides of each firewall or load balancer on the path${alive > 0 ? '' : `, which also show whether ${facts[other(facts.unanswered)].address} is still there: a host that died in the quiet looks the same`}.`;
    if (quietMs < LONG_MS)
      return { outcome: 'fires', weight: alive > 0 ? 0.6 : 0.5, level: 'possible', evidence, wouldTell };
    return { outcome: 'fires', weight: 0.85, level: alive > 0 ? 'likely' : 'possible', evidence, wouldTell };
  },
  remedies({ facts }) {
    const quietS = Math.max(1, Math.floor((facts.quietMs ?? LONG_MS) / 1000));
    const probeS = Math.max(1, Math.floor(quietS / 2));
    return [
      {
        text: `Probe idle connections more often than every ${quietS} s`,
        command: `socket.setKeepAlive(true, ${probeS * 1000})   // Node; elsewhere SO_KEEPALIVE with TCP_KEEPIDLE ${probeS}`,
        why: 'Each probe that is answered refreshes the state of every hop that tracks TCP. It does not extend the idle limit of a hop that counts HTTP requests.',
      },
      {
        text: `Or retire pooled connections before ${quietS} s of idleness`,
        command: `new Agent({ keepAlive: true, timeout: ${Math.max(500, quietS * 800)} })   // Node; elsewhere the pool’s idle timeout`,
        why: 'A connection that is never idle for so long is never forgotten.',
      },
      {
        text: 'Fail fast when it happens all the same',
        command: 'setsockopt TCP_USER_TIMEOUT 30000',
        why: 'Linux repeats unanswered data for about 15 minutes by default (tcp_retries2); this limit is in milliseconds and belongs to one socket.',
      },
    ];
  },
  confirm({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: 'On each Linux firewall or NAT on the path: does it still know the connection?',
        command: `conntrack -L -p tcp -s ${client.address} --sport ${client.port} -d ${server.address} --dport ${server.port}; sysctl net.netfilter.nf_conntrack_tcp_timeout_established`,
        why: 'A hop without an entry for a connection that both ends have is the one that drops.',
      },
      {
        text: `On ${server.address}: does the socket still exist?`,
        command: `ss -tano 'sport = :${server.port} and dport = :${client.port}'`,
        why: 'An established socket that has received nothing for as long proves that the packets vanish on the way.',
      },
    ];
  },
};
