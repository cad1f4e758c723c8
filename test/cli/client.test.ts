import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { makeClientKey, type OwnGateway, startOwnGateway } from '../support/own-gateway.ts';
import { eventually } from '../support/test-gateway.ts';
import { ginnel } from './support.ts';

let own: OwnGateway;
let first: Awaited<ReturnType<typeof makeClientKey>>;
let second: Awaited<ReturnType<typeof makeClientKey>>;
beforeAll(async () => {
  [first, second] = await Promise.all([makeClientKey(), makeClientKey()]);
  own = await startOwnGateway(
    `partners:
  practice:
    title: A practice
    access: [{ types: ["*"], for: all, interactions: [read, search] }]
  school: { title: A school }
clients:
  configured: { partner: practice, scopes: [system/Patient.rs], keys: { file: configured.jwks.json } }
`,
    { files: { 'configured.jwks.json': first.jwks, 'first.json': first.jwks, 'second.json': second.jwks } },
  );
});
afterAll(() => own.stop());

const run = (...argv: string[]) => ginnel(['client', ...argv], own.env);
const file = (name: string): string => join(own.folder, name);
const tokenOf = (client: string, key = first.key) => own.token(client, key, 'system/Patient.rs').catch(() => undefined);
const readWith = async (token: string): Promise<number> => {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`${own.gateway.baseUrl}/fhir/Patient`, { headers })).status;
};

describe('ginnel client', () => {
  it('adds a client to a running gateway, gives it new keys, and ends it with its tokens', async () => {
    const added = await run(
      'add',
      'my-app',
      '--partner',
      'practice',
      '--scope',
      'system/Patient.rs',
      '--jwks',
      file('first.json'),
    );
    expect([added.code, added.err]).toEqual([0, '']);
    expect(added.out).toContain('2 s');
    const token = await eventually(() => tokenOf('my-app'));
    expect(await readWith(token)).toBe(200);

    expect((await run('rotate', 'my-app', '--jwks', file('second.json'))).code).toBe(0);
    const next = await eventually(() => tokenOf('my-app', second.key));
    expect(await tokenOf('my-app', first.key)).toBeUndefined();

    expect((await run('revoke', 'my-app')).code).toBe(0);
    await eventually(async () => ((await readWith(next)) === 401 ? true : undefined), LIMITS.standingFreshMs + 3_000);
    expect(await readWith(token)).toBe(401);
    expect(await tokenOf('my-app', second.key)).toBeUndefined();
    expect((await run('revoke', 'my-app', '--undo')).code).toBe(0);
    expect(await eventually(() => tokenOf('my-app', second.key))).toBeDefined();
  }, 30_000);

  it('revokes one of the configuration, and lists both kinds', async () => {
    expect(await tokenOf('configured')).toBeDefined();
    await run('revoke', 'configured');
    await eventually(async () => ((await tokenOf('configured')) === undefined ? true : undefined));
    expect((await run('list')).out).toMatch(
      /^configured {2}revoked {2}configuration {2}practice {2}file {2}system\/Patient\.rs$/m,
    );
    await run('revoke', 'configured', '--undo');
    expect((await run('list')).out).toMatch(/^configured {2}active/m);
  });

  it('says where a client would see nothing, because its partner has no access rules', async () => {
    const argv = ['--partner', 'school', '--scope', 'system/Patient.rs', '--jwks', file('first.json')];
    const added = await run('add', 'school-app', ...argv);
    expect([added.code, added.err]).toEqual([0, expect.stringContaining('no access rules for school')]);
  });

  it('puts each decision into the audit, with the account it was made by', async () => {
    const trail = await own.gateway.store.audit({ limit: 1000 });
    for (const action of ['add-client', 'rotate-client', 'revoke-client'])
      expect(trail.some(({ content }) => content.includes(action) && content.includes('my-app'))).toBe(true);
  });

  it.each([
    [['add', 'Bad Name', '--partner', 'practice', '--scope', 'intake', '--api-key'], 'small letters'],
    [['add', 'configured', '--partner', 'practice', '--scope', 'intake', '--api-key'], 'There is a client'],
    [['add', 'x', '--partner', 'nobody', '--scope', 'intake', '--api-key'], '--partner'],
    [['add', 'x', '--partner', 'practice', '--api-key'], '--scope'],
    [
      ['add', 'x', '--partner', 'practice', '--scope', 'system/Patien.rs', '--url', 'https://x.example/jwks'],
      'Did you mean Patient?',
    ],
    [['add', 'x', '--partner', 'practice', '--scope', 'intake'], 'Say one of'],
    [['add', 'x', '--partner', 'practice', '--scope', 'intake', '--url', 'http://x.example/jwks'], 'https'],
    [['add', 'x', '--partner', 'practice', '--scope', 'intake', '--jwks', '/nowhere'], 'no JWKS'],
    [['rotate', 'configured', '--api-key'], 'configuration'],
    [['revoke', 'nobody'], 'There is no client'],
  ])('says what is wrong with %j', async (argv, told) => {
    const { code, out, err } = await run(...argv);
    expect([code, out, err]).toEqual([1, '', expect.stringContaining(told)]);
  });

  it.each([[[]], [['list', 'x']], [['add']], [['remove', 'x']], [['toString', 'x']]])(
    'is called wrongly by %j',
    async (argv) => {
      expect((await run(...argv)).code).toBe(2);
    },
  );

  it('takes no private key for a public one', async () => {
    writeFileSync(file('private.json'), JSON.stringify({ keys: [JSON.parse(first.jwk)] }));
    const { code, err } = await run(
      'add',
      'x',
      '--partner',
      'practice',
      '--scope',
      'intake',
      '--jwks',
      file('private.json'),
    );
    expect([code, err]).toEqual([1, expect.stringContaining('no JWKS')]);
    expect(readFileSync(file('private.json'), 'utf8')).toContain('"d"');
  });
});

describe('ginnel keys rotate', () => {
  const kids = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(`${own.gateway.baseUrl}/auth/jwks`)).json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };

  it('has the running gateway sign with a new key while tokens in use stay good; with --now they end', async () => {
    const token = (await eventually(() => tokenOf('configured'))) ?? '';
    const [before = ''] = await kids();
    const rotated = await ginnel(['keys', 'rotate'], own.env);
    expect([rotated.code, rotated.err]).toEqual([0, '']);
    await eventually(async () => {
      await tokenOf('configured');
      return (await kids()).length > 1 ? true : undefined;
    });
    expect(await kids()).toContain(before);
    expect(await readWith(token)).toBe(200);
    await ginnel(['keys', 'rotate', '--now'], own.env);
    await eventually(async () => ((await readWith(token)) === 401 ? true : undefined));
    const next = (await eventually(() => tokenOf('configured'))) ?? '';
    expect(await readWith(next)).toBe(200);
    expect(await kids()).not.toContain(before);
  }, 20_000);
});
