import { isCloseNotify } from '../evidence/application.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { seqDiff } from '../wire/seq.ts';
import { NO, shown, type Cause } from './define.ts';
import { idleSetting } from './settings.ts';
import { lasting, socketsOn, urlOf, who } from './telling.ts';

/** A client reused a pooled connection that its server had closed or was closing. */
export const staleReuse: Cause = {
  id: 'stale-reuse',
  title: 'the client reused a pooled connection that the server had already closed',
  mechanisms: ['passive-answer'],
  who: 'the client’s pool caused it, the server’s kernel sent it',
  requires: ['the server’s FIN after a complete exchange', 'a new request behind it'],
  uses: ['the idle limits of both sides'],
  docs: {
    what: 'After a complete exchange the server closes the kept-alive connection with a FIN. The client sends the next request on it nevertheless, and the server’s kernel, which has no socket for it any more, answers with a RST. Nobody executed the request.',
    why: 'Race: the FIN and the request crossed on the way; no client can avoid it except by retiring idle connections before the server does. Late: the FIN had arrived, and the client’s pool did not look before reusing.',
    tellApart: [
      {
        from: 'data-after-close',
        how: 'there the data continues something; here a new request begins after a finished exchange.',
      },
      { from: 'idle-timeout', how: 'there the server’s RST comes by itself, out of the silence.' },
      { from: 'no-socket', how: 'there no FIN was sent before.' },
    ],
    sources: ['RFC 9112 §9.6', 'RFC 9293 §3.5.2', 'measured: Node 20 http.Agent, undici, axios'],
  },
  tell({ facts }) {
    const race = crossing(facts);
    const after = lasting(idleBeforeRequest(facts));
    return race === 'race'
      ? `${who(facts, 'client')} sent a new request after ${after} idle while the server’s FIN was on its way`
      : `${who(facts, 'client')} sent a new request after ${after} idle on a connection that ${who(facts, 'server')} had closed`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'passive-answer' || facts.sender !== 'server') return NO;
    const { trigger, half, app } = facts;
    const fin = half.server.finFrame;
    // The RST may answer an ACK behind the request, which came to a client that had not heard of the first one.
    if (trigger === null || fin === 0) return NO;
    const finishedBefore = facts.bytes.server > 0 && app.turns >= 2 && half.server.lastDataFrame < app.lastRunFrame;
    if (!finishedBefore || app.lastSpeaker !== 'client' || !isNewRequest(facts)) return NO;
    if (facts.unackedFromReceiver < app.lastRunBytes || isCloseNotify(app.tls.client, app.isTls)) return NO;
    const crossed = crossing(facts);
    return {
      outcome: 'fires',
      weight: 0.95,
      level: 'likely',
      evidence: [
        shown(
          facts,
          'fin-before-request',
          [fin, app.lastRunFrame, facts.rst.packet.frame],
          `the server sent its FIN in frame ${fin}, the client a new request in frame ${app.lastRunFrame}, after ${lasting(idleBeforeRequest(facts))} idle`,
        ),
        crossed === 'late'
          ? shown(
              facts,
              'late',
              [fin, app.lastRunFrame],
              'late: the client’s kernel had the FIN before the request was written, which acknowledges it',
            )
          : shown(
              facts,
              'race',
              [fin, app.lastRunFrame],
              'race: FIN and request crossed on the way; the request does not acknowledge the FIN',
            ),
      ],
    };
  },
  remedies({ facts }) {
    const setting = idleSetting(facts.server.name, facts.server.role);
    const limitMs = Math.max(500, Math.round(((idleBeforeRequest(facts) ?? 5000) * 0.8) / 100) * 100);
    return [
      {
        text: 'In the client: retire idle connections before the server does',
        command: `new Agent({ keepAlive: true, timeout: ${limitMs} })   // Node http;   undici: keepAliveTimeout: ${limitMs}`,
        why: 'The side that sends the next request must be the one that closes first; then FIN and request cannot cross.',
      },
      {
        text: 'And retry once on a fresh connection',
        command: 'retry when the request met a closed connection and no byte of an answer came',
        why: 'The server’s kernel refused the request before any application saw it, so even a POST may be sent again.',
      },
      ...(setting === null
        ? []
        : [
            {
              text: `On ${who(facts, 'server')}: keep idle connections longer than its clients do: ${setting.setting} (default ${setting.default})`,
              command: setting.example,
              why: 'Idle limits must grow from the client towards the server.',
            },
          ]),
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: 'How long the server lets a connection idle',
        command: `curl -sv ${urlOf(facts)} 2>&1 | grep -i keep-alive`,
        why: 'Many servers announce it as Keep-Alive: timeout=N.',
      },
      socketsOn(facts, 'client'),
    ];
  },
};

/** Time without data before the request that met the closed socket, milliseconds; null while unknown. */
function idleBeforeRequest({ rst: { exchange }, app, idleMs }: ResetFacts): number | null {
  const isRun = exchange.runFrame === app.lastRunFrame && exchange.idleBeforeRunNs >= 0;
  return isRun ? exchange.idleBeforeRunNs / 1e6 : idleMs;
}

/** Shorter pauses happen inside a conversation; a pool's connection waits longer. */
const POOLED_MS = 300;

/** The run of data that met the RST begins a request: it says so, or it comes after a pause on a connection closed when idle. */
function isNewRequest(facts: ResetFacts): boolean {
  const { app } = facts;
  if (app.request !== null) return app.request.frame >= app.lastRunFrame;
  return (idleBeforeRequest(facts) ?? 0) >= POOLED_MS || idleAtClose(facts) >= POOLED_MS;
}

/** A close and the last word that announces it are one act. */
const SAME_ACT_NS = 50e6;

/** How long nothing had been said when the server closed, milliseconds: before its FIN, or before the word that announces it. */
function idleAtClose({ half, marks, clientSide }: ResetFacts): number {
  const { finNs, finFrame, lastDataNs } = half.server;
  const data = marks.filter(({ packet }) => packet.length > 0 && packet.frame < finFrame);
  const [before, last] = data.slice(-2);
  const isAnnounced = before !== undefined && [before, last].every((mark) => mark!.packet.side !== clientSide);
  if (isAnnounced && finNs - last!.packet.tNs < SAME_ACT_NS) return (last!.packet.tNs - before.packet.tNs) / 1e6;
  return (finNs - lastDataNs) / 1e6;
}

/** RFC 9293 §3.10.7.4: a request that acknowledges the FIN was written after the FIN had arrived. */
export function crossing({ trigger, half, app, marks }: ResetFacts): 'race' | 'late' {
  const request = marks.find(({ packet }) => packet.frame === app.lastRunFrame)?.packet ?? trigger?.packet;
  return request !== undefined && seqDiff(request.ack, half.server.finEnd) >= 0 ? 'late' : 'race';
}
