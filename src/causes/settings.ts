/** Where each software keeps the idle limit of a connection from its client. Defaults from the manuals of 2026. */

export interface IdleSetting {
  /** Matches the name that a `Server` header or the user gave. */
  readonly software: RegExp;
  readonly setting: string;
  readonly default: string;
  readonly example: string;
}

export const IDLE_SETTINGS: readonly IdleSetting[] = [
  {
    software: /nginx|openresty|tengine/i,
    setting: 'keepalive_timeout',
    default: '75s',
    example: 'keepalive_timeout 75s;',
  },
  {
    software: /haproxy/i,
    setting: 'timeout http-keep-alive, or timeout client',
    default: 'none',
    example: 'timeout http-keep-alive 75s',
  },
  {
    software: /envoy|istio/i,
    setting: 'common_http_protocol_options.idle_timeout',
    default: '1h',
    example: 'idle_timeout: 3600s',
  },
  // Before Apache httpd: it calls itself Apache-Coyote and Apache Tomcat.
  {
    software: /tomcat|coyote/i,
    setting: 'keepAliveTimeout',
    default: '60000 ms',
    example: '<Connector keepAliveTimeout="75000" …/>',
  },
  { software: /apache|httpd/i, setting: 'KeepAliveTimeout', default: '5', example: 'KeepAliveTimeout 75' },
  { software: /caddy/i, setting: 'idle_timeout', default: '5m', example: 'timeouts { idle 5m }' },
  {
    software: /traefik/i,
    setting: 'transport.respondingTimeouts.idleTimeout',
    default: '180s',
    example: 'idleTimeout: 180s',
  },
  {
    software: /node|express/i,
    setting: 'server.keepAliveTimeout',
    default: '5000 ms',
    example: 'server.keepAliveTimeout = 75_000',
  },
  { software: /gunicorn/i, setting: '--keep-alive', default: '2', example: 'gunicorn --keep-alive 75 …' },
  { software: /uvicorn/i, setting: '--timeout-keep-alive', default: '5', example: 'uvicorn --timeout-keep-alive 75 …' },
  { software: /puma/i, setting: 'persistent_timeout', default: '65', example: 'persistent_timeout 75' },
  {
    software: /kestrel/i,
    setting: 'KeepAliveTimeout',
    default: '130s',
    example: 'options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130)',
  },
  {
    software: /awselb|\balb\b/i,
    setting: 'idle_timeout.timeout_seconds',
    default: '60',
    example: 'aws elbv2 modify-load-balancer-attributes --attributes Key=idle_timeout.timeout_seconds,Value=75 …',
  },
  {
    software: /\bnlb\b/i,
    setting: 'tcp.idle_timeout.seconds',
    default: '350',
    example: 'aws elbv2 modify-listener-attributes --attributes Key=tcp.idle_timeout.seconds,Value=600 …',
  },
  {
    software: /azure/i,
    setting: 'idleTimeoutInMinutes',
    default: '4',
    example: 'az network lb rule update --idle-timeout 10 …',
  },
  { software: /redis/i, setting: 'timeout', default: '0 (off)', example: 'CONFIG SET timeout 0' },
  { software: /pgbouncer/i, setting: 'client_idle_timeout', default: '0 (off)', example: 'client_idle_timeout = 0' },
];

/** The idle setting of a named software; null when the name says nothing. */
export function idleSetting(name: string, role: string): IdleSetting | null {
  return IDLE_SETTINGS.find((entry) => entry.software.test(name) || entry.software.test(role)) ?? null;
}
