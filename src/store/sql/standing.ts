import { LIMITS } from '../../kernel/limits.ts';
import type { StandingStore, StoredClient, StoredSigningKey } from '../standing.ts';
import type { Row, SqlDriver } from './driver.ts';
import { number, text } from './rows.ts';
import { limitSql, SKIP_LOCKED, type Sql, type Statement, sql } from './statement.ts';

/** Revocations of expired tokens dropped with each new one: more than are added. */
const EXPIRED_DROPPED = 16;

export function createStandingStore(driver: SqlDriver): StandingStore {
  const list = async <T>(statement: Sql, convert: (row: Row) => T): Promise<T[]> =>
    (await driver.query(statement)).map(convert);
  const applyOne = async (statement: Statement): Promise<boolean> =>
    (await driver.apply([{ ...statement, rows: 1, breach: 'stale' }])).ok;
  return {
    standing: async ({ signedAfter, now }) => {
      const [signingKeys, revokedTokens, clients] = await Promise.all([
        list(sql`SELECT * FROM signing_key WHERE signs_until > ${signedAfter} ORDER BY created_at, kid`, toSigningKey),
        list(sql`SELECT token_id FROM revoked_token WHERE expires_at > ${now}`, (row) => text(row, 'token_id')),
        list(sql`SELECT * FROM client ORDER BY id LIMIT ${limitSql(LIMITS.clientsMax)}`, toClient),
      ]);
      return { signingKeys, revokedTokens, clients };
    },
    addSigningKey: ({ kid, jwk, createdAt, signsUntil }) =>
      applyOne(sql`INSERT INTO signing_key (kid, jwk, created_at, signs_until)
        VALUES (${kid}, ${jwk}, ${createdAt}, ${signsUntil}) ON CONFLICT (kid) DO NOTHING`),
    signingKey: async (kid) => (await list(sql`SELECT * FROM signing_key WHERE kid = ${kid}`, toSigningKey))[0],
    prolongSigningKey: ({ kid, signsUntil, now }) =>
      applyOne(sql`UPDATE signing_key SET signs_until = ${signsUntil} WHERE kid = ${kid} AND signs_until > ${now}`),
    endSigningKeys: async (at) => {
      await driver.apply([sql`UPDATE signing_key SET signs_until = ${at} WHERE signs_until > ${at}`]);
    },
    revokeToken: async ({ tokenId, expiresAt, now }) => {
      await driver.apply([
        sql`INSERT INTO revoked_token (token_id, expires_at) VALUES (${tokenId}, ${expiresAt})
          ON CONFLICT (token_id) DO NOTHING`,
        {
          text: `WITH expired AS MATERIALIZED (
              SELECT token_id FROM revoked_token WHERE expires_at <= ? LIMIT ? ${SKIP_LOCKED})
            DELETE FROM revoked_token WHERE token_id IN (SELECT token_id FROM expired)`,
          params: [now, EXPIRED_DROPPED],
        },
      ]);
    },
    client: async (id) => (await list(sql`SELECT * FROM client WHERE id = ${id}`, toClient))[0],
    putClient: async ({ id, content, revoked, updatedAt }) => {
      await driver.apply([
        sql`INSERT INTO client (id, content, revoked, updated_at)
          VALUES (${id}, ${content}, ${revoked ? 1 : 0}, ${updatedAt})
          ON CONFLICT (id) DO UPDATE
          SET content = excluded.content, revoked = excluded.revoked, updated_at = excluded.updated_at`,
      ]);
    },
  };
}

function toSigningKey(row: Row): StoredSigningKey {
  return {
    kid: text(row, 'kid'),
    jwk: text(row, 'jwk'),
    createdAt: text(row, 'created_at'),
    signsUntil: text(row, 'signs_until'),
  };
}

function toClient(row: Row): StoredClient {
  return {
    id: text(row, 'id'),
    content: text(row, 'content'),
    revoked: number(row, 'revoked') === 1,
    updatedAt: text(row, 'updated_at'),
  };
}
