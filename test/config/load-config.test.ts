import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { renderConfigurationPage } from '../../scripts/configuration-page.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { checkGateway } from '../../src/gateway.ts';
import { GinnelError } from '../../src/kernel/errors.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { EXAMPLE } from '../support/test-gateway.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const GOOD = `ginnel: 1
title: A neighbourhood
partners:
  surgery:
    title: A surgery
    in:
      adt:
        transport: mllp
        format: hl7v2
        mapping: acute-hl7v2/adt
        sender: { application: PAS, facility: RWJ, addresses: [127.0.0.1] }
  council:
    title: A council
    out:
      referrals: { transport: http, format: xml, mapping: council/referral-out, url: "https://council.example/in" }
clients:
  viewer: { partner: surgery, scopes: [system/Patient.rs], keys: { demo: true } }
routes:
  - name: to-council
    when: ServiceRequest?status=active
    to: [council/referrals]
`;

function write(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-config-'));
  folders.push(folder);
  const file = join(folder, 'ginnel.yaml');
  writeFileSync(file, text);
  return file;
}

function load(text: string, env: NodeJS.ProcessEnv = {}): Config {
  return loadConfig(write(text), env);
}

/** Every problem as `line:column text`. */
function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): string[] {
  try {
    load(text, env);
  } catch (fault) {
    if (!(fault instanceof GinnelError)) throw fault;
    return fault.issues.map(({ code, mapping, text: said }) => {
      expect(code).toBe('config-invalid');
      return `${mapping} ${said}`;
    });
  }
  return [];
}

describe('a configuration file', () => {
  it('needs little: the rest has defaults', () => {
    const config = load('ginnel: 1\ntitle: A neighbourhood\npartners: {}\n');
    expect(config).toMatchObject({
      title: 'A neighbourhood',
      baseUrl: 'http://localhost:8080',
      http: { host: '127.0.0.1', port: 8080 },
      mllp: { host: '127.0.0.1', port: 2575 },
      dataFolder: resolve('data'),
      routes: [],
    });
    expect(config.delivery.attemptsMax).toBe(LIMITS.deliveryAttemptsMax);
  });

  it('resolves mappings and keys against its own folder, and data against where the gateway runs', () => {
    const file = write(
      `${GOOD.replace('keys: { demo: true }', 'keys: { file: keys/viewer.json }')}mappings: ../m\ndata: ./d\n`,
    );
    const config = loadConfig(file, {});
    expect(config.mappingsFolder).toBe(resolve(file, '../../m'));
    expect(config.dataFolder).toBe(resolve('d'));
    expect(config.clients.get('viewer')?.keys).toEqual({ kind: 'file', file: resolve(file, '../keys/viewer.json') });
  });

  it('keeps the place of each route, for what is found wrong with its criteria later', () => {
    expect(load(GOOD).routes[0]?.place).toBe('ginnel.yaml:20:11');
  });

  it('is refused where there is none', () => {
    expect(() => loadConfig('/nowhere/ginnel.yaml', {})).toThrow('config-missing-file');
  });

  it.each([
    [
      'an unknown setting',
      GOOD.replace('title: A n', 'titel: x\ntitle: A n'),
      ['ginnel.yaml:2:8 There is no member of this name here.'],
    ],
    [
      'an unknown setting of a channel',
      GOOD.replace('facility: RWJ,', 'facility: RWJ, port: 1,'),
      ['ginnel.yaml:11:58 There is no member'],
    ],
    [
      'a missing setting',
      GOOD.replace('title: A neighbourhood\n', ''),
      ['ginnel.yaml:1:1 The member “title” is required.'],
    ],
    ['a wrong type', GOOD.replace('title: A surgery', 'title: [A]'), ['ginnel.yaml:5:12 This must be of type string.']],
    ['another version of the form', GOOD.replace('ginnel: 1', 'ginnel: 2'), ['ginnel.yaml:1:9 This must be 1.']],
    ['an unknown format', GOOD.replace('format: hl7v2', 'format: hl7v3'), ['ginnel.yaml:9:17 This must be one of']],
    [
      'a name with a capital',
      GOOD.replace('  surgery:', '  Surgery:'),
      ['ginnel.yaml:', 'The name of this member is not allowed.'],
    ],
    [
      'a client of nobody',
      GOOD.replace('partner: surgery', 'partner: surgary'),
      ['ginnel.yaml:17:22 There is no partner "surgary".'],
    ],
    [
      'a route to nowhere',
      GOOD.replace('[council/referrals]', '[council/referals]'),
      ['ginnel.yaml:21:10 There is no out channel'],
    ],
    [
      'a route to a channel that comes in',
      GOOD.replace('[council/referrals]', '[surgery/adt]'),
      ['ginnel.yaml:21:10 There is no out channel'],
    ],
    [
      'two routes of one name',
      `${GOOD}  - { name: to-council, when: Task, to: [council/referrals] }\n`,
      ['ginnel.yaml:22:13 There are two routes'],
    ],
    [
      'an MLLP channel without a sender',
      GOOD.replace(/\n {8}sender.*/, ''),
      ['ginnel.yaml:8:9 An MLLP channel needs a sender'],
    ],
    [
      'an MLLP channel of another format',
      GOOD.replace('format: hl7v2', 'format: json'),
      ['An MLLP channel speaks hl7v2.'],
    ],
    [
      'an address that is none',
      GOOD.replace('[127.0.0.1]', '[10.0.0.0/8, 10.0.0.0/33, pas.example, "::1/64"]'),
      ['ginnel.yaml:11:76 This is neither', 'ginnel.yaml:11:89 This is neither'],
    ],
    [
      'a url of another kind',
      GOOD.replace('https://council.example/in', 'ftp://council.example'),
      ['ginnel.yaml:15:86 This must match the pattern'],
    ],
    ['two kinds of keys', GOOD.replace('{ demo: true }', '{ demo: true, file: x }'), ['ginnel.yaml:17:66 This']],
    [
      'a setting given twice',
      GOOD.replace('title: A n', 'title: B\ntitle: A n'),
      ['ginnel.yaml:3:1 Map keys must be unique'],
    ],
    ['what is not YAML', `${GOOD}  }`, ['ginnel.yaml:22:3 ']],
    [
      'an alias',
      GOOD.replace('title: A council', 'title: *x').replace('title: A surgery', 'title: &x A'),
      ['ginnel.yaml:13:12 Aliases are not used here'],
    ],
    ['an empty file', '', ['ginnel.yaml:1:1 The member “ginnel” is required.', '“title”', '“partners”']],
    ['a list', '- ginnel: 1\n', ['ginnel.yaml:1:1 ']],
    ['a text', 'ginnel\n', ['ginnel.yaml:1:1 This must be of type object.']],
    ['__proto__', `${GOOD}__proto__: { title: x }\n`, ['There is no member of this name here.']],
  ])('says where %s stands', (_what, text, expected) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    for (const part of expected) expect(problems.join('\n')).toContain(part);
  });

  it('tells all its mistakes at once', () => {
    const text = GOOD.replace('partner: surgery', 'partner: nobody').replace('[council/referrals]', '[council/x]');
    expect(problemsOf(text).length).toBe(2);
  });
});

/** `${…}`, put together so that it does not look like a template of ours. */
const hole = (inner: string): string => `$\{${inner}}`;

describe('holes for the environment', () => {
  const port = (value: string): string => `${GOOD}http: { port: "${value}" }\n`;

  it('are filled, by the default where nothing is set, and typed as YAML types what stands there', () => {
    expect(load(port(hole('PORT:-8081'))).http.port).toBe(8081);
    expect(load(port(hole('PORT:-8081')), { PORT: '9000' }).http.port).toBe(9000);
    expect(load(port(hole('PORT:-8081')), { PORT: '' }).http.port).toBe(8081);
    expect(load(`${GOOD}baseUrl: ${hole(`URL:-http://h:${hole('PORT:-1')}`)}\n`, { PORT: '2' }).baseUrl).toBe(
      'http://h:2',
    );
  });

  it('do not look into what fills them', () => {
    const text = GOOD.replace('title: A neighbourhood', `title: "${hole('NAME')}"`);
    expect(load(text, { NAME: hole('HOME') }).title).toBe(hole('HOME'));
  });

  it.each([
    ['that nothing fills', hole('PORT'), 'The environment variable PORT is not set and has no default here.'],
    ['without an end', '${PORT', 'has no closing brace'],
    ['that are no name', hole('port'), 'in capitals'],
  ])('%s are told with their place', (_what, value, expected) => {
    const [problem] = problemsOf(port(value));
    expect(problem).toMatch(/^ginnel\.yaml:22:15 /);
    expect(problem).toContain(expected);
  });

  it('never show in an error what filled them', () => {
    const problems = problemsOf(port(hole('PORT')), { PORT: 's3cret' });
    expect(problems.length).toBe(1);
    expect(problems.join()).not.toContain('s3cret');
  });
});

describe('ginnel check reads what the file names', () => {
  it('and finds nothing wrong with the example', () => {
    expect(checkGateway(loadConfig(EXAMPLE, {})).issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it.each([
    ['criteria with an unknown parameter', { when: 'ServiceRequest?statas=active' }, 'status', /ginnel\.yaml:20:11/],
    ['criteria of an unknown type', { when: 'ServiceReqest?status=active' }, 'resource type', /ginnel\.yaml:20:11/],
    ['a mapping that is not there', { mapping: 'council/nothing' }, 'council/nothing', /./],
    ['a mapping of the other direction', { mapping: 'council/referral' }, 'goes out', /./],
    ['a mapping of another format', { format: 'json' }, 'speaks json', /./],
  ] as [string, { when?: string; mapping?: string; format?: string }, string, RegExp][])(
    'and tells of %s',
    (_what, change, expected, place) => {
      const text = GOOD.replace('ServiceRequest?status=active', change.when ?? 'ServiceRequest?status=active')
        .replace('council/referral-out', change.mapping ?? 'council/referral-out')
        .replace('format: xml', `format: ${change.format ?? 'xml'}`);
      const config = load(`${text}mappings: ${loadConfig(EXAMPLE, {}).mappingsFolder}\n`);
      const errors = checkGateway(config).issues.filter(({ severity }) => severity === 'error');
      const told = errors.map(({ text: said, mapping }) => `${mapping ?? ''} ${said}`).join('\n');
      expect(told).toContain(expected);
      expect(told).toMatch(place);
    },
  );
});

describe('docs/configuration.md', () => {
  it('is what the schema says', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
    expect(page).toBe(renderConfigurationPage());
  });
});

describe('the environment', () => {
  it('stands above the file for ports, addresses, data folder and base address', () => {
    const config = load(`${GOOD}http: { host: 127.0.0.1, port: 1 }\ndata: ./elsewhere\n`, {
      PORT: '9090',
      MLLP_PORT: '9091',
      GINNEL_HOST: '0.0.0.0',
      GINNEL_DATA: '/tmp/ginnel-data',
      GINNEL_BASE_URL: 'https://ginnel.example',
    });
    expect(config.http).toMatchObject({ host: '0.0.0.0', port: 9090 });
    expect(config.mllp).toEqual({ host: '0.0.0.0', port: 9091 });
    expect([config.dataFolder, config.baseUrl]).toEqual(['/tmp/ginnel-data', 'https://ginnel.example']);
  });

  it('is the file where a variable is empty', () => {
    expect(load(`${GOOD}http: { port: 7 }\n`, { PORT: '' }).http.port).toBe(7);
  });

  it.each(['abc', '70000', '-1', '80 80'])('refuses PORT=%s and names the variable', (PORT) => {
    expect(() => load(GOOD, { PORT })).toThrow(/PORT must be a port/);
  });

  it('names the database, and what is wrong with its address without showing the address', () => {
    const url = 'postgres://ginnel:s3cret@db.example:5432/ginnel?sslmode=verify-full';
    expect([load(GOOD).database, load(GOOD, { DATABASE_URL: url }).database]).toEqual([undefined, url]);
    for (const DATABASE_URL of [url.replace('postgres:', 'mysql:'), url.replace(':5432', ':port'), 's3cret']) {
      const problems = problemsOf(GOOD, { DATABASE_URL });
      expect(problems).toEqual([expect.stringContaining('DATABASE_URL must be postgres://')]);
      expect(problems.join()).not.toContain('s3cret');
    }
  });
});
