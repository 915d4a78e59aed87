/** The rules of a router that sends what comes to a port of its own on to a server, as a Kubernetes service does. */
export function translation(port: number, to: string): string {
  const family = to.includes(':') ? 'ip6' : 'ip';
  return `table inet lab {
    chain prerouting {
      type nat hook prerouting priority -100
      tcp dport ${port} dnat ${family} to ${to}
    }
  }
`;
}
