import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../../kernel/errors.ts';
import { sha256Hex } from '../../kernel/ids.ts';
import type { Row } from './driver.ts';
import { number, text } from './rows.ts';
import { type Sql, sql } from './statement.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly hash: string;
}

/** The migrations of a folder, `000001-resources.sql` and so on, in order. */
export function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).filter((file) => /^\d{6}-[a-z-]+\.sql$/.test(file));
  return files.sort().map((file) => {
    const body = readFileSync(join(folder, file), 'utf8');
    return { number: Number(file.slice(0, 6)), name: file.slice(7, -4), text: body, hash: sha256Hex(body) };
  });
}

/** What was applied, in order: the rows that `missingMigrations` wants. */
export const APPLIED_MIGRATIONS: Sql = sql`SELECT number, name, hash FROM migration ORDER BY number`;

export function recordMigration({ number, name, hash }: Migration): Sql {
  return sql`INSERT INTO migration (number, name, hash, applied_at)
    VALUES (${number}, ${name}, ${hash}, ${new Date().toISOString()})`;
}

/** What is still to be applied. Throws `store-unusable` when what was applied is not a beginning of `migrations`. */
export function missingMigrations(applied: readonly Row[], migrations: readonly Migration[]): Migration[] {
  applied.forEach((row, index) => {
    const known = migrations[index];
    const named = `${number(row, 'number')} (${text(row, 'name')})`;
    if (known === undefined) {
      throw refuse(
        'store-unusable',
        `The store is newer than this Ginnel: it has migration ${named}. Run the version that made it, or a newer one.`,
      );
    }
    if (known.number !== number(row, 'number') || known.hash !== text(row, 'hash')) {
      throw refuse(
        'store-unusable',
        `Migration ${named} of the store is not the one this Ginnel has. Run the version that made the store.`,
      );
    }
  });
  return migrations.slice(applied.length);
}
