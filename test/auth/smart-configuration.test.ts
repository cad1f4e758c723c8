import { describe, expect, it } from 'vitest';
import { checkClients } from '../../src/auth/check-clients.ts';
import { parseScope } from '../../src/auth/scopes.ts';
import { describeSmart, smartEndpoints } from '../../src/auth/smart-configuration.ts';
import type { Client } from '../../src/config/config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';

const definitions = openDefinitions();

describe('SMART, Conformance: .well-known/smart-configuration', () => {
  const document = describeSmart(smartEndpoints('https://ginnel.example'), ['CarePlan', 'Patient']);

  it('has what SMART Backend Services requires, and says nothing that is not so', () => {
    expect(document).toEqual({
      token_endpoint: 'https://ginnel.example/auth/token',
      introspection_endpoint: 'https://ginnel.example/auth/introspect',
      revocation_endpoint: 'https://ginnel.example/auth/revoke',
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
      scopes_supported: ['system/*.cruds', 'system/CarePlan.cruds', 'system/Patient.cruds', 'intake'],
      code_challenge_methods_supported: ['S256'],
      capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
    });
  });

  it('lists scopes that the token endpoint can read', () => {
    for (const scope of document.scopes_supported as string[]) expect(parseScope(scope).ok).toBe(true);
  });
});

describe('Registered clients are checked before the gateway starts', () => {
  const check = (changes: Partial<Client>) => {
    const client: Client = {
      id: 'viewer',
      partner: 'p',
      scopes: ['system/*.rs'],
      keys: { kind: 'demo', file: '/x' },
      ...changes,
    };
    return checkClients({ clients: new Map([[client.id, client]]), issuers: new Map(), http: {} }, definitions);
  };

  it('a good one has no issues', () => {
    expect(check({})).toEqual([]);
    expect(check({ keys: { kind: 'url', url: 'https://client.example/jwks' } })).toEqual([]);
  });

  it('a scope that cannot be granted is an error that says where it stands', () => {
    expect(
      check({ scopes: ['intake', 'system/Task.rs?stat=ready', 'user/*.rs', 'system/Task.rs?status=ready'] }),
    ).toMatchObject([
      { code: 'config-invalid', severity: 'error', at: 'clients.viewer.scopes[1]' },
      { code: 'config-invalid', severity: 'error', at: 'clients.viewer.scopes[2]' },
    ]);
    expect(check({ scopes: Array(201).fill('intake') })).toMatchObject([{ at: 'clients.viewer.scopes' }]);
  });

  it('a scope of a type that R4 does not have is an error that names the nearest', () => {
    expect(check({ scopes: ['system/Patien.rs'] })).toMatchObject([
      {
        code: 'config-invalid',
        at: 'clients.viewer.scopes[0]',
        text: expect.stringContaining('Did you mean Patient?'),
      },
    ]);
  });

  it('a key file that is not there is an error that names it', () => {
    expect(check({ keys: { kind: 'file', file: '/nowhere/viewer.jwks.json' } })).toMatchObject([
      { code: 'config-missing-file', text: expect.stringContaining('/nowhere/viewer.jwks.json') },
    ]);
  });

  it('an address without TLS is an error', () => {
    expect(check({ keys: { kind: 'url', url: 'http://client.example/jwks' } })).toMatchObject([
      { code: 'config-invalid', at: 'clients.viewer.keys.url' },
    ]);
  });
});
