import { FORMAT_NAMES } from '../formats/format.ts';
import {
  ADDRESSES_SCHEMA,
  CERTIFICATE_SUBJECT_SCHEMA,
  ISSUER_SCHEMA,
  OUT_AUTH_SCHEMA,
  OUT_TLS_SCHEMA,
  TLS_SCHEMA,
} from './door-schemas.ts';

const name = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' } as const;

const keyed = (value: object) =>
  ({ type: 'object', propertyNames: name, additionalProperties: value, maxProperties: 1000 }) as const;

const identifierOf = {
  type: 'object',
  required: ['system', 'value'],
  additionalProperties: false,
  properties: { system: { type: 'string', minLength: 1 }, value: { type: 'string', minLength: 1 } },
} as const;

const labels = { type: 'array', maxItems: 2, items: { enum: ['R', 'V'] } } as const;

/** docs/access.md tells how rules are written. */
const access = {
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    required: ['types', 'for'],
    additionalProperties: false,
    properties: {
      types: {
        type: 'array',
        minItems: 1,
        items: { type: 'string', pattern: '^([A-Z][A-Za-z]{1,63}|[*])$' },
        description: 'Resource types; `*` is every type of a patient’s record and of the directory.',
      },
      for: {
        enum: ['related', 'neighbourhood', 'all'],
        description:
          'Whose records: patients its organisation cares for, patients registered with `organisations`, or everybody.',
      },
      interactions: {
        type: 'array',
        minItems: 1,
        items: { enum: ['read', 'search', 'create', 'update', 'delete'] },
        description: 'What may be done. Default `read` and `search`.',
      },
      organisations: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        items: identifierOf,
        description:
          'With `neighbourhood`: the practices or areas, by identifier. With `related`: organisations that count besides the partner’s own.',
      },
      categories: {
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: { type: 'string', pattern: '^[^|]*[|][^|]+$' },
        description: 'Only resources with one of these categories, as `system|code`.',
      },
      elements: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        items: { type: 'string', pattern: '^[a-z][A-Za-z]{0,63}$' },
        description: 'The only elements that leave, besides id and meta: the minimum necessary. Default: all.',
      },
      labels: { ...labels, description: 'Confidentiality labels above normal that are opened. Default: none.' },
    },
  },
} as const;

/**
 * Every setting of a configuration file, one sentence each: docs/configuration.md is made from it and the loader
 * checks against it. Values are checked after the environment has been filled in.
 */
export const CONFIG_SCHEMA = {
  type: 'object',
  required: ['ginnel', 'title', 'partners'],
  additionalProperties: false,
  properties: {
    ginnel: { const: 1, description: 'Version of this file’s form: 1.' },
    title: { type: 'string', minLength: 1, description: 'The neighbourhood’s name, for people.' },
    baseUrl: {
      type: 'string',
      pattern: '^https?://[^/]+$',
      description:
        'Where clients reach the gateway, without a path or a slash at the end. Token audiences are built from it. Default `http://localhost:<port>`.',
    },
    http: {
      type: 'object',
      additionalProperties: false,
      description: 'The HTTP door: FHIR API, intake, tokens, health.',
      properties: {
        host: { type: 'string', description: 'Address to listen on. Default `127.0.0.1`: this machine alone.' },
        port: { type: 'integer', minimum: 0, maximum: 65535, description: 'Port; 0 takes a free one. Default 8080.' },
        tls: TLS_SCHEMA,
        trustedProxies: {
          ...ADDRESSES_SCHEMA,
          description:
            'Addresses or CIDR ranges of proxies in front. Only from these is `X-Forwarded-For` believed to say who asks.',
        },
        origins: {
          type: 'array',
          maxItems: 100,
          items: { type: 'string', pattern: '^(?:\\*|https?://[^/\\s]+)$' },
          description:
            'Origins (`https://app.example`) whose applications may read answers of the FHIR API and of the token endpoint in a browser. `*`, the default, is any: what they may read, the token says, and a browser never sends one by itself. An empty list is none.',
        },
      },
    },
    mllp: {
      type: 'object',
      additionalProperties: false,
      description: 'The MLLP door for HL7 v2.',
      properties: {
        host: { type: 'string', description: 'Address to listen on. Default `127.0.0.1`.' },
        port: { type: 'integer', minimum: 0, maximum: 65535, description: 'Port; 0 takes a free one. Default 2575.' },
        tls: TLS_SCHEMA,
      },
    },
    refusals: {
      type: 'object',
      additionalProperties: false,
      description: 'How many refused requests of one address or client are heard, and each put into the audit.',
      properties: {
        burst: { type: 'integer', minimum: 1, maximum: 100000, description: 'At once. Default 1000.' },
        perSecond: {
          type: 'number',
          exclusiveMinimum: 0,
          maximum: 1000,
          description:
            'And from then on. Beyond, the answer is 429, and the audit counts them by the minute. Default 10.',
        },
      },
    },
    data: {
      type: 'string',
      description:
        'Folder of the embedded store and of the gateway’s own keys, relative to where the gateway was started. Default `./data`.',
    },
    mappings: { type: 'string', description: 'Folder of the mappings, relative to this file. Default `./mappings`.' },
    profiles: {
      type: 'string',
      description:
        'Folder of the FHIR packages that `ginnel profiles add` installs, relative to this file. Default: `profiles` in the data folder.',
    },
    delivery: {
      type: 'object',
      additionalProperties: false,
      description: 'How deliveries are tried again.',
      properties: {
        attemptsMax: {
          type: 'integer',
          minimum: 1,
          maximum: 10000,
          description: 'Attempts before a delivery is dead. Default 400: two days on average.',
        },
        backoffFirstMs: {
          type: 'integer',
          minimum: 1,
          description: 'Longest wait before the second attempt, in milliseconds. Default 1000.',
        },
        backoffCapMs: {
          type: 'integer',
          minimum: 1,
          description: 'Longest wait between two attempts, in milliseconds. Default 900000.',
        },
        timeoutMs: {
          type: 'integer',
          minimum: 1,
          maximum: 25000,
          description: 'How long one attempt may take, in milliseconds. Default 10000.',
        },
      },
    },
    retention: {
      type: 'object',
      additionalProperties: false,
      description: 'What `ginnel store compact` removes. Resources, messages and the audit are never removed.',
      properties: {
        messageBodyDays: {
          type: 'integer',
          minimum: 1,
          maximum: 36500,
          description:
            'Bodies of messages are kept for so many days; without it, for ever. A message without its body cannot be replayed.',
        },
        deliveryDays: {
          type: 'integer',
          minimum: 1,
          maximum: 36500,
          description:
            'Deliveries that were delivered or skipped, and their attempts, are kept for so many days; without it, for ever.',
        },
      },
    },
    audit: {
      type: 'object',
      additionalProperties: false,
      description: 'How reads are audited.',
      properties: {
        reads: {
          enum: ['batched', 'durable'],
          description:
            '`batched`: reads share commits, and a process that is killed may have answered reads of at most 100 ms that are not in the audit. `durable`: no answer to a read leaves before its event is on disk. Writes, messages, deliveries and refusals are always so. Default `batched`.',
        },
      },
    },
    partners: {
      ...keyed({
        type: 'object',
        required: ['title'],
        additionalProperties: false,
        properties: {
          title: { type: 'string', minLength: 1, description: 'The organisation’s name, for people.' },
          organisation: {
            type: 'object',
            required: ['system', 'value'],
            additionalProperties: false,
            description: 'Its identifier, such as its ODS code.',
            properties: { system: { type: 'string', minLength: 1 }, value: { type: 'string', minLength: 1 } },
          },
          kind: {
            enum: ['health', 'social-care', 'other'],
            description:
              'What it is. Consent to direct care is implied for `health` alone; the others need a Consent or a `basis`. Default `other`.',
          },
          basis: {
            type: 'string',
            minLength: 1,
            maxLength: 200,
            description: 'The recorded basis, other than consent, on which it is given data, such as a law.',
          },
          labels: { ...labels, description: 'Confidentiality labels above normal that routes may bring it.' },
          access: { ...access, description: 'What its clients may see and do, unless they have rules of their own.' },
          in: {
            ...keyed({
              type: 'object',
              required: ['transport', 'format', 'mapping'],
              additionalProperties: false,
              properties: {
                transport: { enum: ['http', 'mllp'], description: 'The door it comes through.' },
                format: { enum: FORMAT_NAMES, description: 'What it is written in.' },
                mapping: {
                  type: 'string',
                  description:
                    'The mapping into FHIR: a folder below `mappings`; with `@` and a version that is kept, that version.',
                },
                events: {
                  type: 'array',
                  minItems: 1,
                  maxItems: 100,
                  items: { type: 'string', minLength: 1 },
                  description:
                    'Formats `fhir` and `fhir-xml`: the events (MessageHeader.event, as `system|code` or a URI) whose messages take this channel when they come by `$process-message`. Without it, those that no other channel names.',
                },
                addresses: {
                  ...ADDRESSES_SCHEMA,
                  description: 'HTTP: addresses or CIDR ranges that may send. Default: every address.',
                },
                validation: {
                  enum: ['reject', 'warn', 'tag'],
                  description:
                    'What becomes of a message with a resource that is not valid: it is refused (the default); it is stored and the issues are told as warnings; or it is stored with a tag as well. Default `reject`.',
                },
                sender: {
                  type: 'object',
                  required: ['application', 'facility', 'addresses'],
                  additionalProperties: false,
                  description:
                    'MLLP: which sender this is, by MSH-3, MSH-4 and source address. Everything else is refused.',
                  properties: {
                    application: { type: 'string', minLength: 1, description: 'MSH-3.' },
                    facility: { type: 'string', minLength: 1, description: 'MSH-4.' },
                    addresses: {
                      type: 'array',
                      minItems: 1,
                      items: { type: 'string' },
                      description: 'Addresses or CIDR ranges.',
                    },
                    certificate: {
                      ...CERTIFICATE_SUBJECT_SCHEMA,
                      description: 'Subject of the client certificate that it must show, as `C=GB, O=Trust, CN=pas`.',
                    },
                  },
                },
              },
            }),
            description: 'Channels on which the partner sends to us.',
          },
          out: {
            ...keyed({
              type: 'object',
              required: ['transport', 'format', 'mapping', 'url'],
              additionalProperties: false,
              properties: {
                transport: { enum: ['http'], description: 'How it is sent: an HTTP POST.' },
                format: { enum: FORMAT_NAMES, description: 'What it is written in.' },
                mapping: {
                  type: 'string',
                  description:
                    'The mapping out of FHIR: a folder below `mappings`; with `@` and a version that is kept, that version.',
                },
                url: { type: 'string', pattern: '^https?://', description: 'Where it is sent.' },
                auth: OUT_AUTH_SCHEMA,
                tls: OUT_TLS_SCHEMA,
                privateAddress: {
                  type: 'boolean',
                  description:
                    'The partner is at a loopback or private address. Default false: such addresses are refused.',
                },
              },
            }),
            description: 'Channels on which we send to the partner.',
          },
        },
      }),
      description: 'The organisations whose systems we talk to, by a short name.',
    },
    clients: {
      ...keyed({
        type: 'object',
        required: ['partner', 'scopes', 'keys'],
        additionalProperties: false,
        properties: {
          partner: { type: 'string', description: 'The partner whose application it is.' },
          scopes: {
            type: 'array',
            minItems: 1,
            items: { type: 'string', minLength: 1 },
            description: 'What it may ask for: SMART v2 scopes, and `intake` to send messages as its partner.',
          },
          access: {
            ...access,
            description: 'What it may see and do, in place of its partner’s rules. Without either it sees nothing.',
          },
          breakGlass: {
            type: 'boolean',
            description: 'It may open one unrelated patient’s record in an emergency. Default false.',
          },
          personRequired: {
            type: 'boolean',
            description: 'Its requests must name the person who asks, in the token or a signed header. Default false.',
          },
          keys: {
            type: 'object',
            minProperties: 1,
            maxProperties: 1,
            additionalProperties: false,
            description: 'Its public keys.',
            properties: {
              url: {
                type: 'string',
                pattern: '^https?://',
                description: 'Its JWKS address: https, or http on loopback.',
              },
              file: { type: 'string', minLength: 1, description: 'A JWKS file, relative to this file.' },
              certificate: {
                ...CERTIFICATE_SUBJECT_SCHEMA,
                description:
                  'Subject of its client certificate, as `C=GB, O=Trust, CN=pas`. Opens HTTP intake alone; needs `http.tls.clientAuthority`.',
              },
              demo: {
                const: true,
                description:
                  'A key pair made at first start in the data folder. Only with `--demo`, or when listening on loopback.',
              },
            },
          },
        },
      }),
      description: 'Applications that may ask for tokens, by client id.',
    },
    issuers: {
      ...keyed(ISSUER_SCHEMA),
      description: 'Authorization servers of others whose access tokens are accepted.',
    },
    routes: {
      type: 'array',
      maxItems: 10000,
      description: 'Which resources go to which partners.',
      items: {
        type: 'object',
        required: ['name', 'when', 'to'],
        additionalProperties: false,
        properties: {
          name: { ...name, description: 'A name for logs and audit.' },
          when: {
            type: 'string',
            minLength: 1,
            description: 'A FHIR search string; a new or changed resource that matches is sent.',
          },
          to: {
            type: 'array',
            minItems: 1,
            items: { type: 'string', pattern: '^[a-z0-9-]+/[a-z0-9-]+$' },
            description: 'Partners and their channels: `stockport-council/referrals`.',
          },
          validation: {
            enum: ['reject', 'warn', 'tag'],
            description:
              'What becomes of a resource that its channel let pass although it is not valid: it is not sent; it is sent (the default); or it is sent with the tag that says so. Default `warn`.',
          },
        },
      },
    },
  },
} as const;
