import { COMMANDS, helpOf, usage } from './cli/commands.ts';
import { formatIssue, GinnelError } from './kernel/errors.ts';
import type { Io } from './kernel/io.ts';

/** Runs a command and sets the exit code: 0 good, 1 the command found problems, 2 it was called wrongly. */
export async function main(argv: readonly string[]): Promise<void> {
  const io: Io = {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
  // Whoever reads our output may stop reading: `ginnel plan … | head` is no fault.
  process.stdout.on('error', (fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EPIPE') throw fault;
    process.exit(0);
  });
  process.exitCode = await runCommand(argv, io);
}

export async function runCommand(argv: readonly string[], given: Io): Promise<number> {
  const settings = takeConfigOption(argv, given);
  if (settings === undefined) {
    given.err('--config takes one file, once: --config ginnel.yaml\n');
    return 2;
  }
  const { io } = settings;
  const [name, ...rest] = settings.argv;
  if (name === undefined || name === 'help' || name === '--help') {
    io.out(usage());
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    io.err(`There is no command "${name}".\n\n${usage()}`);
    return 2;
  }
  if (rest.includes('--help')) {
    io.out(helpOf(command));
    return 0;
  }
  try {
    const run = await command.load();
    return await run(rest, io);
  } catch (error) {
    if (error instanceof GinnelError) {
      for (const one of error.issues) io.err(`${formatIssue(one)}\n`);
      return 1;
    }
    if (isArgumentError(error)) {
      io.err(`${error.message}\nUsage: ginnel ${command.usage}\n`);
      return 2;
    }
    throw error;
  }
}

/**
 * `--config <file>` may stand anywhere before `--` and means the same for every command: it is taken out here and goes on
 * as `GINNEL_CONFIG`. Undefined where it has no file, or there are two.
 */
function takeConfigOption(argv: readonly string[], io: Io): { argv: readonly string[]; io: Io } | undefined {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const at = argv.findIndex((one, index) => index < end && (one === '--config' || one.startsWith('--config=')));
  if (at === -1) return { argv, io };
  const joined = argv[at]?.startsWith('--config=') === true;
  const file = joined ? argv[at]?.slice('--config='.length) : at + 1 < end ? argv[at + 1] : undefined;
  const others = argv.toSpliced(at, joined ? 1 : 2);
  const again = others.slice(0, end).some((one) => one === '--config' || one.startsWith('--config='));
  if (file === undefined || file === '' || (!joined && file.startsWith('--')) || again) return undefined;
  return { argv: others, io: { ...io, env: { ...io.env, GINNEL_CONFIG: file } } };
}

/** What `util.parseArgs` throws for an option it does not know. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
