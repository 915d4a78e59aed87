/** The statements of postgresStore. */

/** Statements for one table. */
export interface Statements {
  readonly table: string;
  readonly find: string;
  readonly create: string;
  readonly claim: string;
  readonly complete: string;
  readonly release: string;
  readonly renew: string;
  readonly allowRerun: string;
  readonly purge: string;
}

const NAME = /^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/;
const PURGE_ROWS = 1000;

/** The DDL, as in docs/idempotency.md. `rerun`: a lost claim is run again; `status` is null until there is an answer. */
export function tableDdl(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
  key         text PRIMARY KEY,
  fingerprint text NOT NULL,
  token       text NOT NULL,
  lease_until timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  rerun       boolean NOT NULL,
  status      smallint,
  headers     text,
  body        bytea
);
CREATE INDEX IF NOT EXISTS ${table.replace('.', '_')}_expires_at ON ${table} (expires_at);`;
}

/** The statements for a table; throws a TypeError when the name would need quotes. */
export function toStatements(table: string): Statements {
  if (!NAME.test(table)) throw new TypeError(`postgresStore: table ${JSON.stringify(table)} must be a lower-case name`);
  return {
    table,
    find: 'SELECT to_regclass($1) IS NOT NULL AS found',
    // Two processes that create the same table at once would fail on the catalogue's unique index.
    create: `SELECT pg_advisory_xact_lock(hashtext('${table}')); ${tableDdl(table)}`,
    // The look first: ON CONFLICT locks the row even when its WHERE says no, and a replay should not wait for that.
    claim: `WITH seen AS (
  SELECT fingerprint, status, headers, body, rerun, lease_until > now() AS leased, expires_at > now() AS live
  FROM ${table} WHERE key = $1
), taken AS (
  INSERT INTO ${table} AS t (key, fingerprint, token, lease_until, expires_at, rerun)
  SELECT $1, $2, $3, now() + ${ms('$4')}, now() + ${ms('$4')} + ${ms('$5')}, $6::boolean
  WHERE NOT EXISTS (
    SELECT FROM seen WHERE live AND (status IS NOT NULL OR leased OR fingerprint <> $2 OR NOT (rerun OR $7::boolean))
  )
  ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, token = excluded.token,
    lease_until = excluded.lease_until, expires_at = excluded.expires_at, rerun = excluded.rerun,
    status = NULL, headers = NULL, body = NULL
  WHERE t.expires_at <= now()
    OR (t.status IS NULL AND t.lease_until <= now() AND t.fingerprint = excluded.fingerprint AND (t.rerun OR $7::boolean))
  RETURNING 1
)
SELECT EXISTS (SELECT FROM taken) AS taken, seen.* FROM (SELECT 1) AS one LEFT JOIN seen ON true`,
    complete: `UPDATE ${table} SET status = $3, headers = $4, body = $5, expires_at = clock_timestamp() + ${ms('$6')}
WHERE key = $1 AND token = $2 AND status IS NULL`,
    release: `DELETE FROM ${table} WHERE key = $1 AND token = $2 AND status IS NULL`,
    renew: `UPDATE ${table} SET lease_until = now() + ${ms('$3')}, expires_at = now() + ${ms('$3')} + ${ms('$4')}
WHERE key = $1 AND token = $2 AND status IS NULL`,
    allowRerun: `UPDATE ${table} SET rerun = true WHERE key = $1 AND token = $2 AND status IS NULL`,
    purge: `DELETE FROM ${table} WHERE key = ANY (ARRAY(
  SELECT key FROM ${table} WHERE expires_at <= now() LIMIT ${PURGE_ROWS} FOR UPDATE SKIP LOCKED))
  AND expires_at <= now()`,
  };
}

function ms(parameter: string): string {
  return `${parameter}::double precision * interval '1 millisecond'`;
}
