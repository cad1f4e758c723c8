import { FORMAT_NAMES } from '../formats/format.ts';

const name = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' } as const;

const keyed = (value: object) =>
  ({ type: 'object', propertyNames: name, additionalProperties: value, maxProperties: 1000 }) as const;

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
      },
    },
    mllp: {
      type: 'object',
      additionalProperties: false,
      description: 'The MLLP door for HL7 v2.',
      properties: {
        host: { type: 'string', description: 'Address to listen on. Default `127.0.0.1`.' },
        port: { type: 'integer', minimum: 0, maximum: 65535, description: 'Port; 0 takes a free one. Default 2575.' },
      },
    },
    data: {
      type: 'string',
      description:
        'Folder of the embedded store and of the gateway’s own keys, relative to where the gateway was started. Default `./data`.',
    },
    mappings: { type: 'string', description: 'Folder of the mappings, relative to this file. Default `./mappings`.' },
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
        },
      },
    },
  },
} as const;
