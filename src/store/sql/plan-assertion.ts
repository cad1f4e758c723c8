import type { Store } from '../store.ts';
import { SKIP_LOCKED, type Statement } from './statement.ts';

/** Expired ids dropped with each use: more than are added, so that the table does not grow for ever. */
const EXPIRED_DROPPED = 16;

/** Takes a jti, unless it was taken before and that assertion still lives: then the breach is `assertion`. */
export function planAssertionUse({ issuer, jti, expiresAt, now }: Parameters<Store['useAssertionId']>[0]): Statement[] {
  return [
    {
      text: `INSERT INTO assertion_id (issuer, jti, expires_at) VALUES (?, ?, ?)
        ON CONFLICT (issuer, jti) DO UPDATE SET expires_at = excluded.expires_at
        WHERE assertion_id.expires_at <= ?`,
      params: [issuer, jti, expiresAt, now],
      rows: 1,
      breach: 'assertion',
    },
    {
      text: `WITH expired AS MATERIALIZED (
          SELECT issuer, jti FROM assertion_id WHERE expires_at <= ? LIMIT ? ${SKIP_LOCKED})
        DELETE FROM assertion_id WHERE (issuer, jti) IN (SELECT issuer, jti FROM expired)`,
      params: [now, EXPIRED_DROPPED],
    },
  ];
}
