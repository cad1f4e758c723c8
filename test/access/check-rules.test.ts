import { describe, expect, it } from 'vitest';
import { checkAccess } from '../../src/access/check-rules.ts';
import type { AccessRule, Client, Partner } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { OPEN_RULES } from '../support/open-access.ts';
import { EXAMPLE } from '../support/test-gateway.ts';

const definitions = openDefinitions();
const rule = (over: Partial<AccessRule>): AccessRule => ({ ...(OPEN_RULES[0] as AccessRule), ...over });

function check(access: readonly AccessRule[] | undefined): string[] {
  const partner: Partner = { name: 'p', title: 'P', organisation: undefined, channels: new Map() };
  const keys = { kind: 'file', file: 'k' } as const;
  const client: Client = { id: 'c', partner: 'p', scopes: ['system/*.rs'], keys, access };
  const config = { partners: new Map([['p', partner]]), clients: new Map([['c', client]]) };
  return checkAccess(config, definitions).map(({ severity, at, text }) => `${severity} ${at}: ${text}`);
}

describe('the check of access rules', () => {
  it('finds nothing wrong with the shipped example', () => {
    expect(checkAccess(loadConfig(EXAMPLE, {}), definitions)).toEqual([]);
  });

  it('names a type that R4 does not have, and an element that none of the types has', () => {
    expect(check([rule({ types: ['CarePlann'] })])).toEqual([
      'error clients.c.access[0]: R4 has no resource type CarePlann. Did you mean CarePlan?',
    ]);
    expect(check([rule({ types: ['Patient'], elements: ['name', 'adress'] })])).toEqual([
      'error clients.c.access[0]: None of these types has an element adress.',
    ]);
    expect(check([rule({ types: ['Patient'], elements: ['name', 'gender'] })])).toEqual([]);
  });

  it('warns of a client that may ask for resources and that nothing is open to', () => {
    expect(check(undefined)).toEqual([
      'warning clients.c: It may ask for resources and no access rule opens any: neither its own nor its partner’s.',
    ]);
  });
});
