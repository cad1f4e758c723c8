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

/**
 * Stands among the applied migrations while a store is copied into, so that nothing opens a store which is half there.
 * Its number is behind all others.
 */
export const COPY_UNFINISHED = { number: 999_999, name: 'copy-unfinished', hash: '' } as const;

export const FIND_UNFINISHED_COPY: Sql = sql`SELECT number FROM migration WHERE number = ${COPY_UNFINISHED.number}`;

export function recordMigration({ number, name, hash }: Omit<Migration, 'text'>): Sql {
  return sql`INSERT INTO migration (number, name, hash, applied_at)
    VALUES (${number}, ${name}, ${hash}, ${new Date().toISOString()})`;
}

/** What is still to be applied. Throws `store-unusable` when what was applied is not a beginning of `migrations`. */
export function missingMigrations(applied: readonly Row[], migrations: readonly Migration[]): Migration[] {
  applied.forEach((row, index) => {
    const known = migrations[index];
    if (number(row, 'number') === COPY_UNFINISHED.number) {
      throw refuse(
        'store-unusable',
        'A copy into this store was begun and has not ended. Run the same ginnel store copy again, or remove the store.',
      );
    }
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
