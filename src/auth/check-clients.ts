import { existsSync } from 'node:fs';
import type { Client } from '../config/config.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { suggestion } from '../kernel/nearest-name.ts';
import { isKeySetUrl } from './fetch-key-set.ts';
import { parseScope } from './scopes.ts';

/**
 * What is wrong with the registered clients, for `ginnel check` and for the start of the gateway. A registration that
 * asks for what cannot be granted, such as a scope with a query, is an error here and not a surprise later.
 */
export function checkClients(
  clients: ReadonlyMap<string, Client>,
  resourceTypes: ReadonlySet<string>,
): readonly Issue[] {
  return [...clients.values()].flatMap((client) => [...checkScopes(client, resourceTypes), ...checkKeys(client)]);
}

function checkScopes(client: Client, resourceTypes: ReadonlySet<string>): Issue[] {
  const issues = client.scopes.flatMap((text, index): Issue[] => {
    const parsed = parseScope(text);
    const at = `clients.${client.id}.scopes[${index}]`;
    if (parsed.ok) {
      const type = parsed.value.kind === 'resource' ? parsed.value.type : '*';
      if (type === '*' || resourceTypes.has(type)) return [];
      return [issue('config-invalid', `R4 has no resource type ${type}.${suggestion(type, resourceTypes)}`, { at })];
    }
    return parsed.issues.map((one) => issue('config-invalid', one.text, { at }));
  });
  if (client.scopes.length > LIMITS.scopesMax) {
    issues.push(
      issue('config-invalid', `More than ${LIMITS.scopesMax} scopes.`, { at: `clients.${client.id}.scopes` }),
    );
  }
  return issues;
}

function checkKeys(client: Client): Issue[] {
  if (client.keys.kind === 'file' && !existsSync(client.keys.file)) {
    const text = `There is no key file at ${client.keys.file}. It holds the client's public keys as a JWKS.`;
    return [issue('config-missing-file', text, { at: `clients.${client.id}.keys.file` })];
  }
  if (client.keys.kind !== 'url' || isKeySetUrl(client.keys.url)) return [];
  const at = `clients.${client.id}.keys.url`;
  return [issue('config-invalid', 'Keys are fetched over https, or over http from this machine itself.', { at })];
}
