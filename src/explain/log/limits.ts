/** Time limits that are somebody's default: a wait that is always as long names its suspects. */

export interface Limit {
  readonly ms: number;
  /** Whose default it is. */
  readonly whose: string;
}

/** From the manuals of each, and for Node measured. */
export const LIMITS: readonly Limit[] = [
  { ms: 2000, whose: 'gunicorn keepalive' },
  { ms: 4000, whose: 'undici and Node’s fetch keepAliveTimeout' },
  { ms: 5000, whose: 'Node http keepAliveTimeout, Apache KeepAliveTimeout, uvicorn timeout_keep_alive' },
  { ms: 10_000, whose: 'undici connect timeout' },
  { ms: 15_000, whose: 'Envoy route timeout' },
  { ms: 29_000, whose: 'AWS API Gateway integration' },
  { ms: 30_000, whose: 'gunicorn timeout, CloudFront origin response, GCP back-end service timeout' },
  {
    ms: 60_000,
    whose: 'nginx proxy_read_timeout and upstream keepalive_timeout, AWS ALB idle timeout, Apache TimeOut',
  },
  { ms: 65_000, whose: 'Puma 7 persistent_timeout, keepalive_timeout of many nginx.conf' },
  { ms: 75_000, whose: 'nginx keepalive_timeout' },
  { ms: 90_000, whose: 'Go Transport IdleConnTimeout, Traefik idleConnTimeout' },
  { ms: 120_000, whose: 'Cloudflare origin read' },
  { ms: 130_000, whose: 'Kestrel KeepAliveTimeout' },
  { ms: 180_000, whose: 'Traefik idleTimeout' },
  { ms: 240_000, whose: 'Azure load balancer idle timeout' },
  { ms: 300_000, whose: 'Envoy stream_idle_timeout, Node requestTimeout, undici headersTimeout, Caddy idle_timeout' },
  { ms: 350_000, whose: 'AWS NLB, NAT gateway and VPC endpoint idle timeout' },
  { ms: 600_000, whose: 'GCP load balancer keep-alive, nginx stream proxy_timeout' },
  { ms: 900_000, whose: 'IPVS tcp, Cloudflare idle to origin' },
  { ms: 3_600_000, whose: 'Envoy idle_timeout, Cisco ASA and FortiGate sessions' },
  { ms: 7_200_000, whose: 'Linux tcp_keepalive_time' },
];

/** The default nearest to the wait within the tolerance, or null. */
export function findLimit(ms: number, toleranceMs: number): Limit | null {
  const nearest = LIMITS.reduce((best, limit) => (Math.abs(limit.ms - ms) < Math.abs(best.ms - ms) ? limit : best));
  return Math.abs(nearest.ms - ms) <= toleranceMs ? nearest : null;
}
