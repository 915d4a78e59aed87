import type { ResetFacts } from '../evidence/facts.ts';
import { KERNEL_BEGIN, KERNEL_END } from '../evidence/host/recipes.ts';
import { idlePeriod } from '../evidence/population.ts';
import { NO, type Cause } from './define.ts';
import { hostPort, who } from './telling.ts';

/** An operator may end a connection whenever it is quiet; a program has a reason in the exchange. */
const QUIET_MS = 800;

/** A connection that an operator or a script ended from outside the process. */
export const killed: Cause = {
  id: 'killed',
  title: 'an operator or a script killed the connection',
  mechanisms: ['active-abort', 'forged'],
  who: 'somebody with administrative rights on a host or in the path',
  requires: ['a kernel trace or an audit log: packets alone cannot show it'],
  uses: ['the process name in the trace of the RST', 'counters of the host'],
  docs: {
    what: 'ss -K destroys sockets by filter: the kernel aborts a live connection with an ordinary RST+ACK, and the owning process gets ECONNABORTED. tcpkill listens to the traffic and forges RSTs with the addresses of both endpoints.',
    why: 'To free a stuck pool, to enforce a new firewall rule on connections that already exist, to empty a node, or to test how clients take it.',
    tellApart: [
      {
        from: 'linger-zero',
        how: 'the RST is the same; the trace of a killed one names ss and the state TCP_ESTABLISHED, and no TCPAbort counter grows.',
      },
      {
        from: 'injected',
        how: 'tcpkill is an injector too: it forges three bare RSTs to each side, one and three raw windows apart. Who ran it only its host knows.',
      },
    ],
    sources: ['ss(8) -K', 'Linux CONFIG_INET_DIAG_DESTROY', 'tcpkill(8)'],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} reset it because somebody killed the connection`;
  },
  judge({ facts, population, mechanism }) {
    const { address } = facts[facts.sender];
    if (mechanism.mechanism === 'forged') {
      return {
        outcome: 'cannot-tell',
        wouldTell:
          'whether tcpkill or the like forged it: the processes of the hosts that see this traffic, at that moment.',
      };
    }
    if (mechanism.mechanism !== 'active-abort' || !outOfTheBlue(facts) || idlePeriod(population, facts) !== null)
      return NO;
    return {
      outcome: 'cannot-tell',
      wouldTell: `whether somebody killed the socket with ss -K: tcp:tcp_send_reset on ${address} with state TCP_ESTABLISHED and the name of a tool, or TcpOutRsts growing there without any TCPAbort counter.`,
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Ask who works on ${facts[facts.sender].address}, and look for scripts that call ss -K or tcpkill`,
        command: `grep -rnE 'ss .*(-K|--kill)|tcpkill' /etc /opt /usr/local 2>/dev/null`,
        why: 'Such scripts run from timers, from failover hooks and from deployment tools.',
      },
      {
        text: 'Drain instead of killing: take the peer out of rotation and let its connections end',
        why: 'A killed connection loses the request that it carries.',
      },
    ];
  },
  confirm({ facts }) {
    const side = facts[facts.sender];
    return [
      {
        text: `On ${side.address}: which process is behind the next RST of ${hostPort(side.address, side.port)}`,
        command: KERNEL_BEGIN.join('; '),
        why: `For an abort the line names the process that caused it; ss in its place is a killed socket. Afterwards: ${KERNEL_END.join('; ')}; firsthand read --kernel trace.txt reads it beside the capture.`,
      },
      {
        text: `On ${side.address}: counters before and after`,
        command: 'nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData',
        why: 'A destroyed socket counts in TcpOutRsts only.',
      },
    ];
  },
};

/** Nothing in the exchange asks for an abort: no close under way, and quiet or the middle of a message. */
function outOfTheBlue(facts: ResetFacts): boolean {
  if (facts.half.client.finFrame > 0 || facts.half.server.finFrame > 0) return false;
  return (facts.quietMs ?? 0) >= QUIET_MS || facts.phase === 'request' || facts.phase === 'response';
}
