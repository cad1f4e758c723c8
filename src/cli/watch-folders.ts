import { existsSync, type FSWatcher, watch } from 'node:fs';
import { refuse } from '../kernel/errors.ts';

/** Editors write a file in several steps; what changes within this time is one change. */
const SETTLE_MS = 40;

/** A folder with all below it, or only one file of it. */
export interface Watched {
  readonly folder: string;
  readonly file?: string | undefined;
}

/**
 * Runs at once and again after each change below the folders, until SIGINT or SIGTERM. Gives what the last run gave.
 * Folders are watched and not files, because many editors put a new file in the place of the old one.
 */
export function watchFolders(folders: readonly Watched[], run: () => number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let code = 0;
  const close = () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  const attempt = () => {
    try {
      code = run();
    } catch (error) {
      close();
      reject(error);
    }
  };
  for (const { folder, file } of folders) {
    if (!existsSync(folder)) throw refuse('mapping-missing-file', `There is no folder ${folder}.`);
    watchers.push(
      watch(folder, { recursive: file === undefined }, (_event, changed) => {
        if (file !== undefined && changed !== file) return;
        clearTimeout(timer);
        timer = setTimeout(attempt, SETTLE_MS);
      }),
    );
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      close();
      resolve(code);
    });
  }
  attempt();
  return promise;
}
