import { randomBytes } from 'node:crypto';
import type { SqlDriver } from './driver.ts';
import { text } from './rows.ts';
import { sql } from './statement.ts';

const SECRET_BYTES = 32;

/** The secret of this name; the first process that asks makes it, and of several at once one. */
export async function shareSecret(driver: SqlDriver, name: string): Promise<Uint8Array> {
  const known = await readSecret(driver, name);
  if (known !== undefined) return known;
  await driver.apply([
    sql`INSERT INTO secret (name, value) VALUES (${name}, ${randomBytes(SECRET_BYTES).toString('hex')})
      ON CONFLICT (name) DO NOTHING`,
  ]);
  const made = await readSecret(driver, name);
  if (made === undefined) throw new Error('a secret that was written is not there');
  return made;
}

async function readSecret(driver: SqlDriver, name: string): Promise<Uint8Array | undefined> {
  const row = (await driver.query(sql`SELECT value FROM secret WHERE name = ${name}`))[0];
  return row === undefined ? undefined : Buffer.from(text(row, 'value'), 'hex');
}
