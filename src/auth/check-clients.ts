import { existsSync } from 'node:fs';
import type { Client, Config, Issuer } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { suggestion } from '../kernel/nearest-name.ts';
import { createCriteriaCheck } from './check-criteria.ts';
import { isKeySetUrl } from './fetch-key-set.ts';
import { parseScope, type ScopeContext } from './scopes.ts';

/**
 * What is wrong with the registered clients and issuers, for `ginnel check` and for the start of the gateway. A
 * registration that asks for what cannot be granted is an error here and not a surprise later.
 */
export function checkClients(
  config: Pick<Config, 'clients' | 'issuers'> & { readonly http: Pick<Config['http'], 'tls'> },
  definitions: Definitions,
): readonly Issue[] {
  const clients = [...config.clients.values()].flatMap((client) => [
    ...checkScopes(client.scopes, ['system'], `clients.${client.id}`, definitions),
    ...checkKeys(client, config.http.tls?.clientAuthority !== undefined),
  ]);
  const issuers = [...config.issuers.values()].flatMap((issuer) => [
    ...checkScopes(issuer.scopes, ['system', 'user', 'patient'], `issuers.${issuer.name}`, definitions),
    ...checkIssuerUrls(issuer),
  ]);
  return [...clients, ...issuers];
}

/** What is wrong with the scopes of a registration; `at` is where it stands. */
export function checkScopes(
  scopes: readonly string[],
  contexts: readonly ScopeContext[],
  at: string,
  definitions: Definitions,
): Issue[] {
  const isCriteria = createCriteriaCheck(definitions);
  const { resourceTypes } = definitions;
  const issues = scopes.flatMap((text, index): Issue[] => {
    const parsed = parseScope(text, contexts);
    const place = { at: `${at}.scopes[${index}]` };
    if (!parsed.ok) return parsed.issues.map((one) => issue('config-invalid', one.text, place));
    if (parsed.value.kind === 'intake' || parsed.value.type === '*') return [];
    const { type, query } = parsed.value;
    if (!resourceTypes.has(type)) {
      const told = `R4 has no resource type ${type}.${suggestion(type, resourceTypes)}`;
      return [issue('config-invalid', told, place)];
    }
    if (query === undefined || isCriteria(type, query)) return [];
    const told = `The query of this scope is no search on ${type} that looks at the resource alone.`;
    return [issue('config-invalid', told, place)];
  });
  if (scopes.length > LIMITS.scopesMax) {
    issues.push(issue('config-invalid', `More than ${LIMITS.scopesMax} scopes.`, { at: `${at}.scopes` }));
  }
  return issues;
}

function checkIssuerUrls({ name, issuer, jwksUrl }: Issuer): Issue[] {
  const told = 'It is reached over https, or over http on this machine itself.';
  const wrong = (member: string): Issue => issue('config-invalid', told, { at: `issuers.${name}.${member}` });
  return [
    ...(isKeySetUrl(issuer) ? [] : [wrong('issuer')]),
    ...(jwksUrl === undefined || isKeySetUrl(jwksUrl) ? [] : [wrong('jwksUrl')]),
  ];
}

function checkKeys(client: Client, hasClientAuthority: boolean): Issue[] {
  const { keys } = client;
  if (keys.kind === 'file' && !existsSync(keys.file)) {
    const text = `There is no key file at ${keys.file}. It holds the client's public keys as a JWKS.`;
    return [issue('config-missing-file', text, { at: `clients.${client.id}.keys.file` })];
  }
  if (keys.kind === 'certificate') {
    const at = `clients.${client.id}.keys.certificate`;
    const issues: Issue[] = [];
    if (!hasClientAuthority)
      issues.push(
        issue('config-invalid', 'Client certificates need http.tls.clientAuthority: who signs them.', { at }),
      );
    if (client.scopes.some((scope) => scope !== 'intake'))
      issues.push(
        issue('config-invalid', 'A certificate opens the doors for messages alone: the scope is intake.', { at }),
      );
    return issues;
  }
  if (keys.kind !== 'url' || isKeySetUrl(keys.url)) return [];
  const at = `clients.${client.id}.keys.url`;
  return [issue('config-invalid', 'Keys are fetched over https, or over http from this machine itself.', { at })];
}
