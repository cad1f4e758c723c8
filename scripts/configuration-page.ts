import { writeFileSync } from 'node:fs';
import { ENVIRONMENT_SETTINGS } from '../src/config/environment.ts';
import { CONFIG_SCHEMA } from '../src/config/schema.ts';

/** docs/configuration.md is made from the schema that the loader checks with, so that it cannot say something else. */
interface SchemaNode {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Record<string, SchemaNode>;
  readonly additionalProperties?: SchemaNode | false;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
}

export function renderConfigurationPage(): string {
  const rows: string[] = [];
  const walk = (node: SchemaNode, path: string, required: boolean): void => {
    if (node.description !== undefined)
      rows.push(`| \`${path}\` | ${kindOf(node)} | ${required ? 'yes' : ''} | ${node.description} |`);
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      walk(child, path === '' ? name : `${path}.${name}`, node.required?.includes(name) ?? false);
    }
    if (node.additionalProperties) walk(node.additionalProperties, `${path}.<name>`, false);
    if (node.items) walk(node.items, `${path}[]`, false);
  };
  walk(CONFIG_SCHEMA as SchemaNode, '', false);
  return `# Configuration
One YAML file says who the partners are, what each sends and takes, which applications may ask for tokens, and what is
routed where. \`GINNEL_CONFIG\` names it; without it the Stockport example runs. \`npx ginnel check\` reads it and every
mapping it names, and says what is wrong with line and column, without starting anything.

\`\${NAME}\` in a value is filled from the environment and \`\${NAME:-default}\` has a default, which may hold further
holes. Secrets do not belong in the file: private keys of ours are made in the data folder, and clients' keys are
public.

## Environment
| variable | stands above, or default | what |
|---|---|---|
| \`GINNEL_CONFIG\` | the Stockport example | The configuration file. |
${ENVIRONMENT_SETTINGS.map(({ name, settings, description }) => `| \`${name}\` | ${settings.map((path) => `\`${path.join('.')}\``).join(', ')} | ${description} |`).join('\n')}
| \`DATABASE_URL\` | the embedded store | PostgreSQL as the store: \`postgres://user:password@host:5432/database\`. It holds a password, so it comes from the environment alone ([operations](operations.md#postgresql)). |
| \`GINNEL_MIGRATE\` | start | \`never\`: the gateway does not migrate its store at the start, and refuses one that is older than itself ([operations](operations.md#the-store)). |
| \`LOG_LEVEL\` | info; error with \`--demo\` | debug, info, warn, error or silent. Lines are JSON, or readable on a terminal, on standard error. |

## Settings
Made from \`src/config/schema.ts\` by \`npm run docs\`.

| setting | kind | required | what |
|---|---|---|---|
${rows.join('\n')}

## Example
\`examples/stockport-together/ginnel.yaml\` is a whole configuration that runs.
`;
}

function kindOf(node: SchemaNode): string {
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.type === 'object' && node.additionalProperties) return 'names → objects';
  return node.type ?? '';
}

if (import.meta.main) writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderConfigurationPage());
