interface Ends {
  readonly client: { readonly address: string };
  readonly server: { readonly address: string };
}

/** Both ends are one machine, as on the loopback: there is no path between them. */
export function onOneHost({ client, server }: Ends): boolean {
  const own = server.address;
  return client.address === own || own.startsWith('127.') || own === '::1';
}
