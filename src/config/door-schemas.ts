/** The parts of the configuration's schema that are about who may come in, and how we show who we are. */

const name = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' } as const;
const file = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

export const TLS_SCHEMA = {
  type: 'object',
  required: ['certificate', 'key'],
  additionalProperties: false,
  description: 'TLS 1.2 or later on this door. Without it, TLS is for the proxy in front.',
  properties: {
    certificate: file('PEM file of our certificate and those between it and its root, relative to this file.'),
    key: file('PEM file of our private key, readable by its owner alone.'),
    clientAuthority: file(
      'PEM file of who signs client certificates. The MLLP door then demands one; the HTTP door takes one from clients with `keys: { certificate }`.',
    ),
  },
} as const;

const secret = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    env: { type: 'string', pattern: '^[A-Z][A-Z0-9_]{0,63}$', description: 'The environment variable that holds it.' },
    file: file('The file that holds it, readable by its owner alone, relative to this file.'),
  },
} as const;

export const OUT_AUTH_SCHEMA = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  description: 'How we show the partner who we are. Secrets are in the environment or in files, never here.',
  properties: {
    smart: {
      type: 'object',
      required: ['tokenUrl', 'clientId', 'key', 'scope'],
      additionalProperties: false,
      description: 'We are a SMART Backend Services client of the partner.',
      properties: {
        tokenUrl: { type: 'string', pattern: '^https?://', description: 'The partner’s token endpoint.' },
        clientId: { type: 'string', minLength: 1, maxLength: 200, description: 'What the partner calls us.' },
        key: file('Our private key for this partner (JWK; `ginnel keys` makes one), relative to this file.'),
        scope: { type: 'string', minLength: 1, maxLength: 1000, description: 'What we ask for.' },
      },
    },
    basic: {
      type: 'object',
      required: ['user', 'password'],
      additionalProperties: false,
      description: 'HTTP Basic.',
      properties: {
        user: { type: 'string', pattern: '^[^:]{1,200}$' },
        password: { ...secret, description: 'Where the password is.' },
      },
    },
    apiKey: {
      type: 'object',
      required: ['header', 'secret'],
      additionalProperties: false,
      description: 'A key in a header.',
      properties: {
        header: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$', description: 'The header’s name.' },
        secret: { ...secret, description: 'Where the key is.' },
      },
    },
  },
} as const;

export const OUT_TLS_SCHEMA = {
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  description: 'Mutual TLS with the partner, and who signs its certificate.',
  properties: {
    certificate: file('PEM file of our client certificate, relative to this file.'),
    key: file('PEM file of its private key, readable by its owner alone.'),
    authority: file('PEM file of who signs the partner’s certificate, where that is nobody public.'),
  },
} as const;

export const ADDRESSES_SCHEMA = {
  type: 'array',
  minItems: 1,
  maxItems: 1000,
  items: { type: 'string' },
} as const;

export const CERTIFICATE_SUBJECT_SCHEMA = {
  type: 'string',
  minLength: 1,
  maxLength: 500,
} as const;

export const ISSUER_SCHEMA = {
  type: 'object',
  required: ['issuer', 'scopes'],
  additionalProperties: false,
  properties: {
    issuer: {
      type: 'string',
      pattern: '^https?://',
      maxLength: 500,
      description: 'Exactly the `iss` of its tokens. Its description is looked for below this address.',
    },
    audience: {
      type: 'string',
      minLength: 1,
      description: 'Exactly the `aud` of tokens that are for us. Default `<baseUrl>/fhir`.',
    },
    jwksUrl: {
      type: 'string',
      pattern: '^https?://',
      description: 'Its keys, where they are not on its own origin.',
    },
    algorithms: {
      type: 'array',
      minItems: 1,
      items: { enum: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] },
      description: 'How its tokens may be signed. Default RS256 and ES256.',
    },
    partner: { ...name, description: 'The partner whose users they are.' },
    partnerClaim: {
      type: 'object',
      required: ['claim', 'values'],
      additionalProperties: false,
      description: 'In its place: the partner by what a claim says.',
      properties: {
        claim: { type: 'string', minLength: 1, description: 'Name of the claim, such as an organisation code.' },
        values: {
          type: 'object',
          minProperties: 1,
          maxProperties: 1000,
          additionalProperties: name,
          description: 'Partners by the claim’s values. Any other value is refused.',
        },
      },
    },
    scopes: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      description: 'The most that its tokens give: SMART scopes beginning with `patient/`, `user/` or `system/`.',
    },
    person: {
      type: 'object',
      required: ['claim', 'system'],
      additionalProperties: false,
      description: 'Which claims say who the user is, for the audit.',
      properties: {
        claim: { type: 'string', minLength: 1, description: 'The user’s identifier, such as `nhsid_useruid`.' },
        system: { type: 'string', minLength: 1, description: 'What it is an identifier of.' },
        name: { type: 'string', minLength: 1, description: 'Claim of the user’s name.' },
        role: { type: 'string', minLength: 1, description: 'Claim of the user’s role.' },
      },
    },
    login: {
      type: 'boolean',
      description:
        'Users log in there for the shared plan viewer (SMART App Launch). One issuer may say so. Default false.',
    },
  },
} as const;
