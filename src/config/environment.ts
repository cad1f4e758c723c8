import { refuse } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';

/** An environment variable that stands above the configuration file, so that one file serves on many machines. */
interface EnvironmentSetting {
  readonly name: string;
  readonly kind: 'port' | 'text';
  /** The settings it replaces, each as a path in the file. */
  readonly settings: readonly (readonly [string, ...string[]])[];
  readonly description: string;
}

export const ENVIRONMENT_SETTINGS: readonly EnvironmentSetting[] = [
  { name: 'PORT', kind: 'port', settings: [['http', 'port']], description: 'HTTP port; 0 takes a free one.' },
  { name: 'MLLP_PORT', kind: 'port', settings: [['mllp', 'port']], description: 'MLLP port; 0 takes a free one.' },
  {
    name: 'GINNEL_HOST',
    kind: 'text',
    settings: [
      ['http', 'host'],
      ['mllp', 'host'],
    ],
    description: 'Address that both doors listen on. `0.0.0.0` is every network of this machine.',
  },
  {
    name: 'GINNEL_DATA',
    kind: 'text',
    settings: [['data']],
    description: 'Folder of the embedded store and of our own keys.',
  },
  { name: 'GINNEL_BASE_URL', kind: 'text', settings: [['baseUrl']], description: 'Where clients reach the gateway.' },
];

/** The file's tree with the environment's settings in place. Throws `config-invalid` for a port that is none. */
export function applyEnvironment(tree: unknown, env: NodeJS.ProcessEnv): unknown {
  if (!isJsonObject(tree)) return tree;
  const applied: Record<string, unknown> = { ...tree };
  for (const { name, kind, settings } of ENVIRONMENT_SETTINGS) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const value = kind === 'port' ? readPort(name, text) : text;
    for (const [first, second] of settings) {
      const group = applied[first];
      applied[first] = second === undefined ? value : { ...(isJsonObject(group) ? group : {}), [second]: value };
    }
  }
  return applied;
}

function readPort(name: string, text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw refuse('config-invalid', `The environment variable ${name} must be a port, 0 to 65535.`);
}
