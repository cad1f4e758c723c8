import type { Io } from '../../src/kernel/io.ts';

/** Runs a command as a function and collects what it prints. */
export async function run(
  command: (argv: readonly string[], io: Io) => Promise<number>,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = { env, out: (text) => void out.push(text), err: (text) => void err.push(text) };
  const code = await command(argv, io);
  return { code, out: out.join(''), err: err.join('') };
}
