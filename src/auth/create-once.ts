import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { newId } from '../kernel/ids.ts';

/**
 * The text of a secret file, which is made on first use and readable by its owner alone (mode 0600). Of two processes
 * that start at once, one makes it and both read the same: the text is written and flushed under another name and then
 * linked into place, which fails for all but the first, so nobody sees half a file.
 */
export async function readOrCreate(file: string, make: () => Promise<string>): Promise<string> {
  const existing = await readIfThere(file);
  if (existing !== undefined) return existing;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${newId()}.draft`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(await make());
    await handle.sync();
    await link(draft, file);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  } finally {
    await handle.close();
    await unlink(draft);
  }
  return readFile(file, 'utf8');
}

/** Puts a new text in the place of a secret file, whole or not at all. */
export async function replaceSecret(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${newId()}.draft`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}
