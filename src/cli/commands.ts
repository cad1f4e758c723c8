import type { Io } from '../kernel/io.ts';

/** One sub-command of `ginnel`. Its module is loaded only when it is asked for. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly sentence: string;
  /** Every option that it takes, as it is written, and what it does. */
  readonly options: readonly (readonly [option: string, sentence: string])[];
  readonly load: () => Promise<(argv: readonly string[], io: Io) => Promise<number>>;
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    usage: 'serve [--demo | --no-demo]',
    sentence: 'Run the gateway; with --demo, beside simulated partners that send a day of messages.',
    options: [
      ['--demo', 'with simulated partners that send a day of messages (`npm start`)'],
      ['--no-demo', 'without, as it is in use; this is so unless told'],
    ],
    load: async () => (await import('./serve.ts')).runServe,
  },
  {
    name: 'check',
    usage: 'check',
    sentence: 'Read the configuration and every mapping it names, without starting.',
    options: [],
    load: async () => (await import('./check.ts')).runCheck,
  },
  {
    name: 'token',
    usage: 'token <client> [--scope …] [--key …]',
    sentence: 'Print an access token from the running gateway, for a demo client or one whose private key you have.',
    options: [
      ['--scope "<scopes>"', 'what to ask for; everything that it may unless told'],
      ['--url <address>', 'of the gateway; the one that runs here unless told'],
      ['--key <file>', 'private key of the client; a demo client’s is found'],
    ],
    load: async () => (await import('./token.ts')).runToken,
  },
  {
    name: 'client',
    usage:
      'client list | add | rotate | revoke [client] [--partner …] [--scope …] [--jwks … | --url … | --certificate … | --api-key]',
    sentence: 'Clients while the gateway runs: who may come in, with which keys, and whose time is over.',
    options: [
      ['--partner <name>', 'whose client it is (add)'],
      ['--scope "<scopes>"', 'what it may ask for (add)'],
      ['--jwks <file>', 'its public keys (add, rotate)'],
      ['--url <address>', 'where its public keys are (add, rotate)'],
      ['--certificate "<subject>"', 'of its client certificate, such as "C=GB, O=Trust, CN=pas" (add, rotate)'],
      ['--api-key', 'make it a key for intake, which is printed once (add)'],
      ['--now', 'the key before ends at once (rotate of an API key)'],
      ['--undo', 'let it in again (revoke)'],
    ],
    load: async () => (await import('./client.ts')).runClient,
  },
  {
    name: 'keys',
    usage: 'keys <client> [--folder …] | rotate [--now]',
    sentence: 'Make a key pair for a client of your own; or have the gateway sign with new keys.',
    options: [
      ['--folder <folder>', 'where the key pair is put; keys unless told'],
      ['--now', 'end every token that is in use (rotate)'],
    ],
    load: async () => (await import('./keys.ts')).runKeys,
  },
  {
    name: 'plan',
    usage: 'plan <NHS number> [--json] [--client …] [--key …]',
    sentence: 'Print a person’s shared care plan, from the running gateway.',
    options: [
      ['--json', 'the FHIR document, not the text'],
      ['--client <name>', 'who asks; neighbourhood-viewer unless told'],
      ['--url <address>', 'of the gateway; the one that runs here unless told'],
      ['--key <file>', 'private key of the client; a demo client’s is found'],
    ],
    load: async () => (await import('./plan.ts')).runPlan,
  },
  {
    name: 'received',
    usage: 'received <partner>',
    sentence: 'Print what a simulated partner received last.',
    options: [],
    load: async () => (await import('./received.ts')).runReceived,
  },
  {
    name: 'messages',
    usage: 'messages [id [--body]] [--refused] [--partner …]',
    sentence: 'List messages, or show one: what came, what it became, where it went.',
    options: [
      ['--refused', 'only those that were refused'],
      ['--partner <name>', 'only those of one partner'],
      ['--limit <n>', 'so many, the newest; 50 unless told'],
      ['--body', 'of one message: what came, byte for byte'],
    ],
    load: async () => (await import('./messages.ts')).runMessages,
  },
  {
    name: 'replay',
    usage: 'replay <message id …> | --refused [--partner …]',
    sentence: 'Process kept messages again with today’s configuration and mappings.',
    options: [
      ['--refused', 'all that were refused'],
      ['--partner <name>', 'with --refused: of one partner'],
    ],
    load: async () => (await import('./replay.ts')).runReplay,
  },
  {
    name: 'dead-letters',
    usage: 'dead-letters [retry | skip <delivery id …> | --all]',
    sentence: 'List deliveries that have been given up, try them again, or pass over them.',
    options: [
      ['--all', 'retry or skip every one'],
      ['--partner <name>', 'those for one partner'],
    ],
    load: async () => (await import('./dead-letters.ts')).runDeadLetters,
  },
  {
    name: 'store',
    usage: 'store migrate [--dry-run] | copy --from … --to … | check [--all] [--repair] | compact [--dry-run]',
    sentence:
      'Look after the store: migrate it, move it to another database, check it, remove what has outlived its time.',
    options: [
      ['--from <store>', 'what is copied: a data folder, postgres://…, or DATABASE_URL for what that says (copy)'],
      ['--to <store>', 'where to, likewise (copy)'],
      ['--all', 'every resource, not a sample (check)'],
      ['--repair', 'put right what can be (check)'],
      ['--dry-run', 'say what is missing, or what would go (migrate, compact)'],
      ['--message-body-days <n>', 'keep what came so long, whatever the configuration says (compact)'],
      ['--delivery-days <n>', 'keep settled deliveries so long (compact)'],
    ],
    load: async () => (await import('./store.ts')).runStore,
  },
  {
    name: 'audit',
    usage: 'audit verify [--heads …] | heads | export [--format ndjson | syslog] [--since …] [--until …] [--patient …]',
    sentence: 'Find what was altered, removed or reordered in the audit; print its heads; export it.',
    options: [
      ['--heads <file>', 'where the chain stood when `ginnel audit heads` wrote it down (verify)'],
      ['--format <format>', 'ndjson or syslog; ndjson unless told (export)'],
      ['--since <time>', 'from this instant, such as 2026-03-02T09:00:00Z (export)'],
      ['--until <time>', 'before this instant (export)'],
      ['--patient <id>', 'our own id of one Patient (export)'],
    ],
    load: async () => (await import('./audit.ts')).runAudit,
  },
  {
    name: 'profiles',
    usage: 'profiles add <package.tgz | folder> | list | check',
    sentence: 'Install a FHIR package such as UK Core, list what is installed, or read all of it.',
    options: [],
    load: async () => (await import('./profiles.ts')).runProfiles,
  },
  {
    name: 'map',
    usage: 'map <mapping> <file> [--explain [element]] [--watch]',
    sentence:
      'Run one mapping over one file: the result, its issues, the fields nobody read, and where each element is from.',
    options: [
      ['--explain [element]', 'which source field and line made each element, or one'],
      ['--watch', 'run again when a file changes'],
      ['--format json', 'for programs, not people'],
      [
        '--mappings <folder>',
        'where the mappings are; unless told, that of the configuration that is named, or ./mappings',
      ],
    ],
    load: async () => (await import('./map.ts')).runMap,
  },
  {
    name: 'test',
    usage: 'test [folder] [--update] [--coverage]',
    sentence: 'Run the cases of the mappings, there and back where a mapping has an inverse.',
    options: [
      ['--update', 'write what comes out as what is expected'],
      ['--coverage', 'which fields and lines the cases reach'],
      ['--format json', 'for programs, not people'],
      [
        '--mappings <folder>',
        'where the mappings are; unless told, that of the configuration that is named, or ./mappings',
      ],
    ],
    load: async () => (await import('./test.ts')).runTest,
  },
  {
    name: 'lint',
    usage: 'lint [folder]',
    sentence: 'Find mistakes in mappings without running them.',
    options: [
      ['--format json', 'for programs, not people'],
      [
        '--mappings <folder>',
        'where the mappings are; unless told, that of the configuration that is named, or ./mappings',
      ],
    ],
    load: async () => (await import('./lint.ts')).runLint,
  },
  {
    name: 'diff',
    usage: 'diff <mapping> <version | folder> [--stored [--values]]',
    sentence: 'Show what changes between an old version of a mapping and the one that is there now.',
    options: [
      ['--stored', 'over the messages that were received too'],
      ['--limit <n>', 'over so many of those, the newest'],
      ['--values', 'show the values, which are a patient’s; without it, only where they differ'],
      ['--format json', 'for programs, not people'],
      [
        '--mappings <folder>',
        'where the mappings are; unless told, that of the configuration that is named, or ./mappings',
      ],
    ],
    load: async () => (await import('./diff.ts')).runDiff,
  },
  {
    name: 'keep',
    usage: 'keep <mapping>',
    sentence: 'Keep the version of a mapping that is there now, so that a channel can be pinned to it.',
    options: [
      [
        '--mappings <folder>',
        'where the mappings are; unless told, that of the configuration that is named, or ./mappings',
      ],
    ],
    load: async () => (await import('./keep.ts')).runKeep,
  },
  {
    name: 'new',
    usage: 'new mapping <folder> --from <sample> [--out json | xml | csv]',
    sentence: 'Begin a mapping from a sample of the partner’s message.',
    options: [
      ['--from <sample>', 'a message of the partner’s'],
      ['--format <format>', 'what the sample is; told from its name unless said'],
      ['--out <format>', 'a mapping out of FHIR: json, xml or csv'],
      [
        '--mappings <folder>',
        'where the mappings are; unless told, that of the configuration that is named, or ./mappings',
      ],
    ],
    load: async () => (await import('./new.ts')).runNew,
  },
  {
    name: 'codes',
    usage: 'codes <file> --to conceptmap | csv',
    sentence: 'Turn a code map into a FHIR ConceptMap, or a ConceptMap into a code map.',
    options: [
      ['--to <form>', 'conceptmap or csv'],
      ['--url <address>', 'canonical address of the ConceptMap'],
      ['--source-system <address>', 'system of the codes on the left'],
    ],
    load: async () => (await import('./codes.ts')).runCodes,
  },
];

export function usage(): string {
  return [
    'ginnel <command>',
    '',
    ...COMMANDS.map((command) => `  ${command.usage}\n      ${command.sentence}`),
    '',
    'ginnel <command> --help tells of its options.',
    'Every command takes --config <file>, the configuration file; without it GINNEL_CONFIG names one, or the Stockport',
    'example serves. Other settings: GINNEL_DATA (data folder), PORT, MLLP_PORT, LOG_LEVEL.',
    '',
  ].join('\n');
}

/** What a command is for, and every option that it takes. */
export function helpOf({ usage: line, sentence, options }: Command): string {
  const width = Math.max(0, ...options.map(([option]) => option.length));
  const told = options.map(([option, does]) => `  ${option.padEnd(width)}  ${does}`);
  return [`ginnel ${line}`, sentence, ...(told.length === 0 ? [] : ['', ...told]), ''].join('\n');
}
