import type { Bundle } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPageLinks } from '../../src/api/search/page-links.ts';
import type { Identity } from '../../src/auth/identity.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, outcomeOf, person } from './support.ts';

let test: TestGateway;
const FAMILIES = ['Yates', 'Booth', 'Naylor', 'Ainsworth', 'Ogden', 'Crompton', 'Naylor'];
beforeAll(async () => {
  test = await startTestGateway({}, { clients: { ...CLIENTS, another: ['system/*.cruds'] } });
  for (const [at, number] of testNhsNumbers(FAMILIES.length).entries()) {
    await created(test, person(number, FAMILIES[at] ?? '', { gender: at % 2 === 0 ? 'female' : 'male' }));
  }
});
afterAll(() => test.stop());

async function follow(url: string, client = 'everything'): Promise<Bundle> {
  const response = await test.request(client, url.slice(test.gateway.baseUrl.length));
  const body = (await response.json()) as Bundle;
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body;
}

const first = (query: string): Promise<Bundle> => follow(`${test.gateway.baseUrl}/fhir/${query}`);
const familiesOf = ({ entry }: Bundle): (string | undefined)[] =>
  (entry ?? []).map(({ resource }) => (resource?.resourceType === 'Patient' ? resource.name?.[0]?.family : undefined));
const linkOf = ({ link }: Bundle, relation: string): string =>
  link?.find((one) => one.relation === relation)?.url ?? '';

describe('the pages of a search (https://hl7.org/fhir/R4/http.html#paging)', () => {
  it('come in the order that was asked for, forward and back', async () => {
    const one = await first('Patient?_sort=family,-_lastUpdated&_count=3');
    expect(familiesOf(one)).toEqual(['Ainsworth', 'Booth', 'Crompton']);
    expect(linkOf(one, 'previous')).toBe('');
    const two = await follow(linkOf(one, 'next'));
    expect(familiesOf(two)).toEqual(['Naylor', 'Naylor', 'Ogden']);
    const three = await follow(linkOf(two, 'next'));
    expect(familiesOf(three)).toEqual(['Yates']);
    expect(linkOf(three, 'next')).toBe('');
    expect(familiesOf(await follow(linkOf(three, 'previous')))).toEqual(familiesOf(two));
    expect(familiesOf(await follow(linkOf(three, 'first')))).toEqual(familiesOf(one));
  });

  it('of a search that was posted have addresses that say nothing of what was searched', async () => {
    const response = await test.request('everything', '/fhir/Patient/_search', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'family=Naylor&_count=1&_sort=-family&_total=accurate',
    });
    const one = (await response.json()) as Bundle;
    const next = linkOf(one, 'next');
    const sealed = new URL(next).searchParams.get('_cursor') ?? '';
    expect([...new URL(next).searchParams.keys()]).toEqual(['_cursor']);
    for (const text of [sealed, Buffer.from(sealed, 'base64url').toString('latin1')])
      expect(text).not.toContain('aylor');
    const two = await follow(next);
    expect([two.total, familiesOf(two), linkOf(two, 'next')]).toEqual([2, ['Naylor'], '']);
  });

  it('open for the application that they were given to, unchanged, and refuse all else with one answer', async () => {
    const next = linkOf(await first('Patient?gender=female&_count=2'), 'next').slice(test.gateway.baseUrl.length);
    const token = new URL(next, test.gateway.baseUrl).searchParams.get('_cursor') ?? '';
    const tampered = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`;
    const answers = [];
    for (const [client, path] of [
      ['another', next],
      ['everything', `/fhir/Patient?_cursor=${tampered}`],
      ['everything', `/fhir/Patient?_cursor=${token.slice(0, -2)}`],
      ['everything', `/fhir/Practitioner?_cursor=${token}`],
      ['everything', '/fhir/Patient?_cursor=eyJxIjpbXX0'],
      ['everything', `/fhir/Patient?_cursor=${'A'.repeat(7_500)}`],
    ] as const) {
      answers.push(await outcomeOf(await test.request(client, path)));
    }
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [400, 'page-link-invalid']));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await test.request('everything', next)).status).toBe(200);
  });

  it('take no other parameters, by which they could be widened', async () => {
    const next = linkOf(await first('Patient?gender=female&_count=2'), 'next').slice(test.gateway.baseUrl.length);
    for (const more of ['&_sort=family', '&gender=male', '&_include=*', `&${next.slice(next.indexOf('?') + 1)}`]) {
      expect((await outcomeOf(await test.request('everything', next + more))).code).toBe('parameter-invalid');
    }
    const two = await follow(`${test.gateway.baseUrl}${next}&_format=json&_count=1`);
    expect(two.entry?.length).toBe(1);
  });

  it('stay what they were while others write, in an order by what is written', async () => {
    const numbers = testNhsNumbers(40).slice(20);
    const one = await first('Patient?_sort=family&_count=4');
    await created(test, person(numbers[0] ?? '', 'Aaronson'));
    await created(test, person(numbers[1] ?? '', 'Zeller'));
    const seen = familiesOf(one);
    for (let url = linkOf(one, 'next'); url !== ''; ) {
      const page = await follow(url);
      seen.push(...familiesOf(page));
      url = linkOf(page, 'next');
    }
    expect(seen).toEqual([...FAMILIES.toSorted(), 'Zeller']);
  });
});

describe('the seal of a page', () => {
  const identity = { client: 'a', partner: 'p' } as Identity;
  const at = (ms: number): { now: () => Date } => ({ now: () => new Date(ms) });
  const secret = new Uint8Array(32).fill(7);
  const page = { query: [['family', 'Naylor']] as const, place: 'x' };

  it('is opened by every process that has the secret, until its time is over', () => {
    const sealed = createPageLinks(secret, at(0)).seal(page, 'Patient', identity);
    const soon = createPageLinks(secret, at(LIMITS.pageLinkLifetimeMs - 1));
    expect(soon.open(sealed, 'Patient', identity)).toEqual(page);
    const late = createPageLinks(secret, at(LIMITS.pageLinkLifetimeMs));
    expect(() => late.open(sealed, 'Patient', identity)).toThrow('does not open');
    const other = createPageLinks(new Uint8Array(32).fill(8), at(0));
    expect(() => other.open(sealed, 'Patient', identity)).toThrow('does not open');
  });

  it('is broken by the change of any character', () => {
    const links = createPageLinks(secret, at(0));
    const sealed = links.seal(page, 'Patient', identity);
    for (let index = 0; index < sealed.length - 1; index += 1) {
      const changed = `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}`;
      expect(() => links.open(changed, 'Patient', identity)).toThrow('does not open');
    }
  });

  it('is for one person and one launch, where the token names them', () => {
    const links = createPageLinks(secret, at(0));
    const own = { ...identity, launchPatient: 'p1', person: { identifier: { system: 's', value: '1' } } };
    const sealed = links.seal(page, 'Patient', own);
    expect(links.open(sealed, 'Patient', own)).toEqual(page);
    for (const other of [
      { ...own, launchPatient: 'p2' },
      { ...own, person: undefined },
      { ...own, partner: 'q' },
    ]) {
      expect(() => links.open(sealed, 'Patient', other)).toThrow('does not open');
    }
  });

  it('refuses a search that no address can hold, when there would be a page of it', () => {
    const query = Array.from(
      { length: 30 },
      (_, n) => [`p${n}`, Array.from({ length: 50 }, () => crypto.randomUUID()).join()] as const,
    );
    expect(() => createPageLinks(secret, at(0)).seal({ query, place: 'x' }, 'Patient', identity)).toThrow('too long');
  });
});
