import type { AccessRule, Client } from '../../src/config/config.ts';

/** An access rule that opens everything that `*` does to those who are related. */
export function accessRule(over: Partial<AccessRule> = {}): AccessRule {
  return {
    types: ['*'],
    interactions: ['read', 'search', 'create', 'update', 'delete'],
    for: 'related',
    organisations: [],
    categories: [],
    elements: undefined,
    labels: [],
    ...over,
  };
}

/** A client with a demo key and all scopes, for `clients` of a configuration. */
export function clientOf(folder: string, id: string, partner: string, more: Partial<Client>): [string, Client] {
  const keys = { kind: 'demo' as const, file: `${folder}/demo/${id}.jwks.json` };
  return [id, { id, partner, scopes: ['system/*.cruds'], keys, ...more }];
}
