import type { IssuerDescription } from './issuer.ts';
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
  readonly introspectionUrl: string;
  readonly revocationUrl: string;
}

export function smartEndpoints(baseUrl: string): SmartEndpoints {
  return {
    issuer: baseUrl,
    fhirBase: `${baseUrl}/fhir`,
    tokenUrl: `${baseUrl}/auth/token`,
    jwksUrl: `${baseUrl}/auth/jwks`,
    introspectionUrl: `${baseUrl}/auth/introspect`,
    revocationUrl: `${baseUrl}/auth/revoke`,
  };
}

/** The issuer that users log in at, if one is configured for that and can be reached. */
export interface LoginDescription {
  readonly issuer: IssuerDescription;
  /** What its tokens may hold: `patient/CarePlan.rs`, `user/Patient.rs`. */
  readonly scopes: readonly string[];
}

/**
 * The document for `[base]/.well-known/smart-configuration` (SMART App Launch 2.2, Conformance). `issuer` and `jwks_uri`
 * belong to OpenID Connect, which is not served, so they are left out as the table says. `S256` has to stand in
 * `code_challenge_methods_supported` even where nobody logs in. Who can log in does so at the issuer elsewhere; codes
 * are exchanged at our own token endpoint, which asks the issuer: the document has room for one.
 * `types` are the resource types that the FHIR API serves.
 */
export function describeSmart(
  endpoints: SmartEndpoints,
  types: readonly string[],
  login?: LoginDescription,
): Record<string, unknown> {
  return {
    ...(login === undefined ? {} : { authorization_endpoint: login.issuer.authorizationUrl }),
    token_endpoint: endpoints.tokenUrl,
    introspection_endpoint: endpoints.introspectionUrl,
    revocation_endpoint: endpoints.revocationUrl,
    grant_types_supported: ['client_credentials', ...(login === undefined ? [] : ['authorization_code'])],
    ...(login === undefined ? {} : { response_types_supported: ['code'] }),
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: [...ASSERTION_ALGORITHMS],
    scopes_supported: [
      'system/*.cruds',
      ...types.map((type) => `system/${type}.cruds`),
      'intake',
      ...(login === undefined ? [] : ['launch/patient', ...login.scopes]),
    ],
    code_challenge_methods_supported: ['S256'],
    capabilities: [
      'client-confidential-asymmetric',
      'permission-v1',
      'permission-v2',
      ...(login === undefined ? [] : LOGIN_CAPABILITIES),
    ],
  };
}

const LOGIN_CAPABILITIES = [
  'launch-standalone',
  'client-public',
  'context-standalone-patient',
  'permission-patient',
  'permission-user',
];
