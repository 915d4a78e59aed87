/** Erlang and Elixir: gen_tcp, Mint, DBConnection. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

export const BEAM: readonly Pattern[] = [
  says(means.CLOSED_UNANSWERED, {
    id: 'beam/mint-closed',
    program: 'Elixir Mint, Finch, Req',
    literals: [
      'mint.transporterror{reason: :closed}',
      '(mint.transporterror) socket closed',
      'socket_closed_remotely',
      '(req.transporterror) socket closed',
      'req.transporterror{reason: :closed}',
    ],
    regex:
      /(?:Mint|Req|Finch)\.TransportError\{reason: :closed\}|\((?:Mint|Req)\.TransportError\) socket closed|socket_closed_remotely/,
    example: '** (Mint.TransportError) socket closed',
    sources: ['Elixir Mint; Erlang httpc'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'beam/mint-timeout',
    program: 'Elixir Mint, Finch, Req',
    literals: ['transporterror{reason: :timeout}', '(mint.transporterror) timeout', '(req.transporterror) timeout'],
    regex: /TransportError\{reason: :timeout\}|\((?:Mint|Req)\.TransportError\) timeout/,
    phase: 'unknown',
    example: '{:error, %Mint.TransportError{reason: :timeout}}',
    sources: ['Elixir Mint'],
  }),
  says(means.CLOSED_SESSION, {
    id: 'beam/ecto-closed',
    program: 'Elixir Ecto, DBConnection',
    literals: [
      'tcp recv: closed',
      'tcp recv (idle): closed',
      'tcp send: closed',
      'ssl recv: closed',
      'ssl send: closed',
      'ssl recv (idle): closed',
    ],
    regex: /\b(?:tcp|ssl) (?:recv|send)(?: \(idle\))?: closed/,
    example: '** (DBConnection.ConnectionError) tcp recv: closed',
    sources: ['Elixir Postgrex, MyXQL'],
  }),
  says(means.EXHAUSTION, {
    id: 'beam/ecto-queue',
    program: 'Elixir Ecto, DBConnection',
    literals: ['request was dropped from queue after'],
    regex: /connection not available and request was dropped from queue after \d+ms/,
    phase: 'connect',
    what: 'Every connection of this program’s own pool was in use for too long. No packet was sent.',
    causes: [{ id: 'resource-exhaustion', why: 'every connection of the pool was in use' }],
    example:
      '** (DBConnection.ConnectionError) connection not available and request was dropped from queue after 2000ms',
    sources: ['Elixir DBConnection'],
  }),
  says(means.CANCELLED, {
    id: 'beam/ecto-timeout',
    program: 'Elixir Ecto, DBConnection',
    literals: ['queued and checked out the connection for longer than', 'checked out the connection for longer than'],
    regex: /timed out because it (?:queued and )?checked out the connection for longer than \d+ms/,
    condition: 'timed-out',
    what: 'The query took longer than its timeout, so this program closed the database connection itself.',
    doubt: 'the query, or the timeout of 15 s by default',
    causes: [{ id: 'unknown', why: 'most often simply a slow query, which is no fault of TCP' }],
    example:
      '** (DBConnection.ConnectionError) client #PID<0.1.0> timed out because it queued and checked out the connection for longer than 15000ms',
    sources: ['Elixir DBConnection'],
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'beam/closed',
    program: 'Erlang, Elixir',
    literals: ['{error,closed}', '{error, closed}', '{:error, :closed}'],
    regex: /\{error, ?closed\}|\{:error, :closed\}/,
    phase: 'unknown',
    what: 'The connection was closed: by the peer’s FIN as a rule, or by this program itself before the call. A RST says econnreset only with {show_econnreset, true}; without it, gen_tcp says closed for a RST too.',
    condition: 'unknown',
    example: '{:error, :closed}',
    sources: ['Erlang gen_tcp'],
  }),
];
