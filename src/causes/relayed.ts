import { NO, shown, type Cause, type Judgement, type ResetCase } from './define.ts';
import { otherLeg, type Leg } from './legs.ts';
import { hostPort, lasting, who } from './telling.ts';

/** A proxy that ends one leg because the other was reset. */
export const relayed: Cause = {
  id: 'relayed',
  title: 'the proxy’s other connection was reset just before, and it passed that on',
  mechanisms: ['active-abort'],
  who: 'a proxy or load balancer',
  requires: ['a reset of another connection of the same host just before', 'data that passes the two in that order'],
  uses: ['the same request or byte counts on both legs', 'a PROXY header', 'the role of the host'],
  docs: {
    what: 'A proxy has two connections for each of its clients. When the far one is reset in the middle of something, many proxies end the near one with a reset too, as a plain close would look like the regular end of the data.',
    why: 'The proxy did what it had to. The reset that needs a cause is the one on its other leg.',
    tellApart: [
      { from: 'policy-abort', how: 'there the proxy resets by itself: its other leg is sound, or was never opened.' },
      {
        from: 'drain-reset',
        how: 'there many sessions end at once, and those to the back ends are ended by the proxy.',
      },
    ],
    sources: ['RFC 9293 §3.5.3', 'RFC 9110 §3.7'],
  },
  tell(input) {
    const { facts } = input;
    const leg = legOf(input);
    if (leg === null) return `${who(facts, facts.sender)} passed on a reset of its other leg`;
    return `${who(facts, facts.sender)} passed on the reset that ${hostPort(leg.facts[facts.sender].address, leg.facts[facts.sender].port)} had sent on the other leg`;
  },
  judge(input): Judgement {
    const { facts } = input;
    const leg = legOf(input);
    if (leg === null) return NO;
    const gapMs = (facts.atNs - leg.facts.atNs) / 1e6;
    const frames = [leg.facts.rst.packet.frame, facts.rst.packet.frame];
    const far = leg.facts[facts.sender];
    const together = shown(
      facts,
      'reset-on-other-leg',
      frames,
      `${hostPort(far.address, far.port)} reset the other connection of ${facts[facts.sender].address} ${gapMs >= 0 ? `${lasting(gapMs)} before` : `within ${lasting(-gapMs)}`}`,
    );
    const { shared } = leg;
    if (shared === null) {
      return {
        outcome: 'fires',
        weight: 0.5,
        level: 'possible',
        evidence: [together],
        wouldTell:
          'whether the two connections belong together: the log of the proxy, or requests that can be recognised on both legs.',
      };
    }
    return {
      outcome: 'fires',
      weight: shared.by === 'sure' ? 0.92 : 0.85,
      level: 'likely',
      evidence: [together, shown(facts, shared.by === 'sure' ? 'same-payload' : 'same-bytes', frames, shared.text)],
    };
  },
  remedies(input) {
    const { facts } = input;
    const leg = legOf(input)?.facts;
    const where =
      leg === undefined
        ? 'the other leg'
        : `${hostPort(leg.client.address, leg.client.port)} to ${hostPort(leg.server.address, leg.server.port)}, frame ${leg.rst.packet.frame}`;
    const remedies = [
      {
        text: `Find the cause of the reset on ${where}`,
        why: 'This one is its echo and ends with it.',
      },
    ];
    if (facts.sender === 'client') return remedies;
    return [
      ...remedies,
      {
        text: 'Let the proxy try another back end for requests that may be repeated',
        command: 'proxy_next_upstream error timeout;   # nginx; HAProxy: retry-on conn-failure empty-response',
        why: 'A request that got no byte of an answer can be sent elsewhere, and the client never learns of the reset.',
      },
    ];
  },
  confirm(input) {
    const leg = legOf(input)?.facts;
    const ports = [input.facts, ...(leg === undefined ? [] : [leg])].map((facts) => `tcp port ${facts.client.port}`);
    return [
      {
        text: 'Both legs side by side',
        command: `tcpdump -nr CAPTURE '${ports.join(' or ')}'`,
        why: 'On the far leg the reset comes first, and the requests of the near one can be followed through.',
      },
    ];
  },
};

/** Only a live socket that is aborted can pass anything on. */
function legOf({ facts, population, mechanism }: ResetCase): Leg | null {
  return mechanism.mechanism === 'active-abort' ? otherLeg(facts, population) : null;
}
