import { formatIssue, GinnelError } from './kernel/errors.ts';
import type { Io } from './kernel/io.ts';

/** One sub-command of `ginnel`. Its module is loaded only when it is asked for. */
interface Command {
  readonly name: string;
  readonly usage: string;
  readonly sentence: string;
  readonly load: () => Promise<(argv: readonly string[], io: Io) => Promise<number>>;
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    usage: 'serve [--demo | --no-demo]',
    sentence: 'Run the gateway; with --demo, beside simulated partners that send a day of messages.',
    load: async () => (await import('./cli/serve.ts')).runServe,
  },
  {
    name: 'check',
    usage: 'check',
    sentence: 'Read the configuration and every mapping it names, without starting.',
    load: async () => (await import('./cli/check.ts')).runCheck,
  },
  {
    name: 'token',
    usage: 'token <client> [--scope …] [--key …]',
    sentence: 'Print an access token from the running gateway, for a demo client or one whose private key you have.',
    load: async () => (await import('./cli/token.ts')).runToken,
  },
  {
    name: 'client',
    usage: 'client list | add | rotate | revoke [client] [--partner …] [--scope …] [--jwks … | --url … | --api-key]',
    sentence: 'Clients while the gateway runs: who may come in, with which keys, and whose time is over.',
    load: async () => (await import('./cli/client.ts')).runClient,
  },
  {
    name: 'keys',
    usage: 'keys <client> [--folder …] | rotate [--now]',
    sentence: 'Make a key pair for a client of your own; or have the gateway sign with new keys.',
    load: async () => (await import('./cli/keys.ts')).runKeys,
  },
  {
    name: 'plan',
    usage: 'plan <NHS number> [--json] [--client …] [--key …]',
    sentence: 'Print a person’s shared care plan, from the running gateway.',
    load: async () => (await import('./cli/plan.ts')).runPlan,
  },
  {
    name: 'received',
    usage: 'received <partner>',
    sentence: 'Print what a simulated partner received last.',
    load: async () => (await import('./cli/received.ts')).runReceived,
  },
  {
    name: 'messages',
    usage: 'messages [id] [--refused] [--partner …]',
    sentence: 'List messages, or show one: what came, what it became, where it went.',
    load: async () => (await import('./cli/messages.ts')).runMessages,
  },
  {
    name: 'replay',
    usage: 'replay <message id …> | --refused',
    sentence: 'Process kept messages again with today’s configuration and mappings.',
    load: async () => (await import('./cli/replay.ts')).runReplay,
  },
  {
    name: 'dead-letters',
    usage: 'dead-letters [retry | skip <delivery id …> | --all]',
    sentence: 'List deliveries that have been given up, try them again, or pass over them.',
    load: async () => (await import('./cli/dead-letters.ts')).runDeadLetters,
  },
  {
    name: 'store',
    usage: 'store migrate | copy --from … --to … | check [--all] [--repair] | compact [--dry-run]',
    sentence:
      'Look after the store: migrate it, move it to another database, check it, remove what has outlived its time.',
    load: async () => (await import('./cli/store.ts')).runStore,
  },
  {
    name: 'audit',
    usage: 'audit verify [--heads …] | heads | export [--format ndjson | syslog] [--since …] [--until …] [--patient …]',
    sentence: 'Find what was altered, removed or reordered in the audit; print its heads; export it.',
    load: async () => (await import('./cli/audit.ts')).runAudit,
  },
  {
    name: 'profiles',
    usage: 'profiles add <package.tgz | folder> | list | check',
    sentence: 'Install a FHIR package such as UK Core, list what is installed, or read all of it.',
    load: async () => (await import('./cli/profiles.ts')).runProfiles,
  },
  {
    name: 'map',
    usage: 'map <mapping> <file> [--explain [element]] [--watch]',
    sentence:
      'Run one mapping over one file: the result, its issues, the fields nobody read, and where each element is from.',
    load: async () => (await import('./cli/map.ts')).runMap,
  },
  {
    name: 'test',
    usage: 'test [folder] [--update] [--coverage]',
    sentence: 'Run the cases of the mappings, there and back where a mapping has an inverse.',
    load: async () => (await import('./cli/test.ts')).runTest,
  },
  {
    name: 'lint',
    usage: 'lint [folder]',
    sentence: 'Find mistakes in mappings without running them.',
    load: async () => (await import('./cli/lint.ts')).runLint,
  },
  {
    name: 'diff',
    usage: 'diff <mapping> <version | folder> [--stored]',
    sentence: 'Show what changes between an old version of a mapping and the one that is there now.',
    load: async () => (await import('./cli/diff.ts')).runDiff,
  },
  {
    name: 'keep',
    usage: 'keep <mapping>',
    sentence: 'Keep the version of a mapping that is there now, so that a channel can be pinned to it.',
    load: async () => (await import('./cli/keep.ts')).runKeep,
  },
  {
    name: 'new',
    usage: 'new mapping <folder> --from <sample>',
    sentence: 'Begin a mapping from a sample of the partner’s message.',
    load: async () => (await import('./cli/new.ts')).runNew,
  },
  {
    name: 'codes',
    usage: 'codes <file> --to conceptmap | csv',
    sentence: 'Turn a code map into a FHIR ConceptMap, or a ConceptMap into a code map.',
    load: async () => (await import('./cli/codes.ts')).runCodes,
  },
];

export function usage(): string {
  return [
    'ginnel <command>',
    '',
    ...COMMANDS.map((command) => `  ${command.usage}\n      ${command.sentence}`),
    '',
    'Every command takes --config <file>, the configuration file; without it GINNEL_CONFIG names one, or the Stockport',
    'example serves. Other settings: GINNEL_DATA (data folder), PORT, MLLP_PORT, LOG_LEVEL.',
    '',
  ].join('\n');
}

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
    io.out(`ginnel ${command.usage}\n${command.sentence}\n`);
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
