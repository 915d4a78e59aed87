import type { Opening } from '../flow/exchange.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { NO, shown, type Cause, type Judgement } from './define.ts';
import { hostPort, who } from './telling.ts';

const NAMES: Readonly<Record<Opening, string>> = {
  none: 'nothing',
  unseen: 'bytes that were not captured',
  tls: 'TLS',
  'http-request': 'plain HTTP',
  'http-response': 'plain HTTP',
  http2: 'HTTP/2 without TLS',
  ssh: 'SSH',
  text: 'text',
  binary: 'binary data',
};

/** Ports on which people expect plain text; TLS there is usually a mistake. */
const PLAIN_PORTS: ReadonlySet<number> = new Set([80, 3000, 3128, 5000, 6379, 8000, 8080, 8081, 8888, 9090]);

/** The two sides do not speak the same protocol. */
export const protocolMismatch: Cause = {
  id: 'protocol-mismatch',
  title: 'the two sides do not speak the same protocol',
  mechanisms: ['active-abort', 'passive-answer'],
  who: 'the server application',
  requires: ['the first bytes of a side'],
  uses: ['the server’s log'],
  docs: {
    what: 'The first bytes do not fit what the server expects: TLS to a plain port, plain HTTP to a TLS port, HTTP/2 to an HTTP/1 server, another protocol altogether, or a malformed message. The server answers with an error or not at all, and closes with the rest unread.',
    why: 'A wrong scheme or port in a URL, a health check of the wrong kind, a proxy that speaks PROXY protocol to a server that does not, a scanner.',
    tellApart: [
      { from: 'unread-data', how: 'the mechanism is the same; here the bytes themselves explain why nobody read on.' },
      { from: 'policy-abort', how: 'there the request is well-formed and refused by rule.' },
    ],
    sources: ['RFC 8446 §6', 'RFC 9113 §3.3', 'nginx status 497 and 400'],
  },
  tell({ facts }) {
    return `${who(facts, 'client')} sent ${NAMES[facts.app.opening.client]} and ${who(facts, 'server')} ${facts.app.opening.server === 'none' ? 'closed without a word' : `answered with ${NAMES[facts.app.opening.server]}`}`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort' && mechanism.mechanism !== 'passive-answer') return NO;
    const { client, server } = facts.app.opening;
    if (facts.app.turns > 2) return NO;
    if (server !== 'none' && server !== 'unseen') return answered(facts, client, server);
    if (facts.sender === 'server' && client === 'tls' && server === 'none' && mechanism.mechanism === 'active-abort') {
      const plain = PLAIN_PORTS.has(facts.server.port);
      return {
        outcome: 'fires',
        weight: plain ? 0.6 : 0.45,
        level: 'possible',
        twins: ['unread-data', 'linger-zero', 'process-crash'],
        wouldTell: `whether port ${facts.server.port} speaks TLS: openssl s_client against it.`,
        evidence: [
          shown(
            facts,
            'tls-to-plain-port',
            [facts.app.lastRunFrame],
            `the client opened with TLS on port ${facts.server.port}${plain ? ', where plain text is usual,' : ''} and got not one byte back`,
          ),
        ],
      };
    }
    if (
      facts.sender === 'server' &&
      server === 'none' &&
      (client === 'binary' || client === 'text' || client === 'http2')
    ) {
      return {
        outcome: 'fires',
        weight: 0.3,
        level: 'possible',
        twins: ['unread-data', 'linger-zero', 'process-crash'],
        wouldTell: 'what the server expects on this port.',
        evidence: [
          shown(
            facts,
            'opening',
            [facts.app.lastRunFrame],
            `the client opened with ${NAMES[client]} and got nothing back`,
          ),
        ],
      };
    }
    return NO;
  },
  remedies({ facts }) {
    const { client, server } = facts.app.opening;
    const toTls = client === 'http-request' && server === 'tls';
    return [
      {
        text: toTls
          ? 'Use https:// for this port'
          : client === 'tls'
            ? 'Use http:// for this port, or turn TLS on there'
            : 'Point the client at the port of its own protocol',
        command: toTls
          ? `https://${facts.server.address}:${facts.server.port}/`
          : client === 'tls'
            ? `http://${facts.server.address}:${facts.server.port}/   or nginx: listen ${facts.server.port} ssl;`
            : `ss -ltnp '( sport = :${facts.server.port} )'   # who listens there`,
        why: 'A server cannot guess a protocol; it can only refuse what does not fit.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: 'Ask the port what it speaks',
        command: `openssl s_client -connect ${hostPort(facts.server.address, facts.server.port)} </dev/null; curl -sv http://${hostPort(facts.server.address, facts.server.port)}/`,
        why: 'One of the two succeeds when the other fails.',
      },
    ];
  },
};

function answered(facts: ResetFacts, client: Opening, server: Opening): Judgement {
  const frames = [facts.app.response?.frame ?? facts.half.server.lastDataFrame, facts.rst.packet.frame];
  const status = facts.app.response?.status ?? 0;
  const fires = (weight: number, text: string): Judgement => ({
    outcome: 'fires',
    weight,
    level: 'likely',
    evidence: [shown(facts, 'openings-do-not-fit', frames, text, { expected: NAMES[server], received: NAMES[client] })],
  });
  if (client === 'tls' && server !== 'tls' && server !== 'binary') {
    return fires(
      0.95,
      `the client opened with TLS, the server answered with ${NAMES[server]} (“${facts.app.firstText.server.slice(0, 24)}”)`,
    );
  }
  if (
    client === 'http-request' &&
    (server === 'tls' || server === 'ssh' || (server === 'text' && facts.sender === 'server'))
  ) {
    if (server === 'text' && facts.half.server.finFrame > 0) return NO;
    return fires(server === 'text' ? 0.4 : 0.95, `the client opened with plain HTTP, the server with ${NAMES[server]}`);
  }
  if ((client === 'text' || client === 'binary' || client === 'http2') && server === 'http-response' && status >= 400) {
    return fires(0.9, `the client opened with ${NAMES[client]}, which the HTTP server answered with status ${status}`);
  }
  const alert = Math.max(facts.app.tls.server.plainAlert, facts.app.tls.client.plainAlert);
  if (facts.app.isTls && alert > 0 && facts.phase === 'handshake') {
    return fires(0.7, `the TLS handshake failed with alert ${alert} (RFC 8446 §6)`);
  }
  if (client === 'http-request' && status === 400 && facts.app.responses <= 1) {
    return fires(0.5, 'the server found the request malformed and answered 400');
  }
  return NO;
}
