import { ASSERTION_ALGORITHMS } from './key-set.ts';

/** The addresses that tokens are about. All follow from the configuration's `baseUrl`. */
export interface SmartEndpoints {
  /** `iss` of our tokens. */
  readonly issuer: string;
  /** `aud` of our tokens, and the base of the FHIR API. */
  readonly fhirBase: string;
  /** Where tokens are asked for; `aud` of clients' assertions, exactly. */
  readonly tokenUrl: string;
  readonly jwksUrl: string;
}

export function smartEndpoints(baseUrl: string): SmartEndpoints {
  return {
    issuer: baseUrl,
    fhirBase: `${baseUrl}/fhir`,
    tokenUrl: `${baseUrl}/auth/token`,
    jwksUrl: `${baseUrl}/auth/jwks`,
  };
}

/**
 * The document for `[base]/.well-known/smart-configuration` (SMART App Launch 2.2, Conformance). There is no
 * authorization endpoint, because nobody logs in here; `issuer` and `jwks_uri` belong to OpenID Connect, which is not
 * served, so they are left out as the table says. `S256` has to stand in `code_challenge_methods_supported`
 * even so.
 * `types` are the resource types that the FHIR API serves.
 */
export function describeSmart(endpoints: SmartEndpoints, types: readonly string[]): Record<string, unknown> {
  return {
    token_endpoint: endpoints.tokenUrl,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: Object.keys(ASSERTION_ALGORITHMS),
    scopes_supported: ['system/*.cruds', ...types.map((type) => `system/${type}.cruds`), 'intake'],
    code_challenge_methods_supported: ['S256'],
    capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
  };
}
