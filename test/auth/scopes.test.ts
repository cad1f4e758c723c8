import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allows,
  criteriaFor,
  formatScope,
  intersectScopes,
  type Permission,
  parseScope,
  parseScopes,
  readScopes,
  type Scope,
} from '../../src/auth/scopes.ts';

const read = (text: string): string => {
  const parsed = parseScope(text);
  return parsed.ok ? formatScope(parsed.value) : (parsed.issues[0]?.text ?? '');
};

const narrow = (asked: string, registered: string): string =>
  intersectScopes(readScopes(asked.split(' ')), readScopes(registered.split(' ')))
    .map(formatScope)
    .join(' ');

describe('SMART scopes', () => {
  it.each(['system/CarePlan.rs', 'system/*.cruds', 'system/Patient.r', 'system/ServiceRequest.cu', 'intake'])(
    'reads %s and prints it the same',
    (text) => {
      expect(read(text)).toBe(text);
    },
  );

  it.each([
    ['system/CarePlan.read', 'system/CarePlan.rs'],
    ['system/CarePlan.write', 'system/CarePlan.cud'],
    ['system/*.*', 'system/*.cruds'],
  ])('translates the spelling of SMART v1: %s is %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    '',
    'system',
    'system/',
    'system/CarePlan',
    'system/CarePlan.',
    'system/CarePlan.sr',
    'system/CarePlan.rr',
    'system/CarePlan.x',
    'system/CarePlan.rs ',
    'system/carePlan.rs',
    'system/../Patient.rs',
    'system/Care*.rs',
    'patient/Patient.rs',
    'user/*.rs',
    'openid',
    'Intake',
    'system/CarePlan.rs.rs',
  ])('refuses "%s"', (text) => {
    expect(parseScope(text)).toMatchObject({ ok: false, issues: [{ code: 'scope-invalid' }] });
  });

  it('reads a restriction by a query, on one type, and spells it in one way', () => {
    const spellings = [
      'system/Task.rs?status=ready&code=http://snomed.info/sct|1',
      'system/Task.read?status=ready&code=http%3A%2F%2Fsnomed.info%2Fsct%7C1&status=ready',
    ];
    for (const text of spellings) {
      const parsed = parseScope(text);
      expect(parsed.ok && formatScope(parsed.value)).toBe(spellings[0]);
    }
  });

  it.each([
    'system/Task.rs?',
    'system/Task.rs?status',
    'system/Task.rs?status=',
    'system/Task.rs?=ready',
    'system/Task.rs?status=ready&&code=1',
    'system/Task.rs?status=%zz',
    'system/*.rs?_lastUpdated=gt2026-01-01',
    `system/Task.rs?${Array.from({ length: 9 }, (_, n) => `status=${n}`).join('&')}`,
    `system/Task.rs?status=${'x'.repeat(1100)}`,
  ])('refuses a query that is none, for what is lost of it widens: %s', (text) => {
    expect(parseScope(text)).toMatchObject({ ok: false, issues: [{ code: 'scope-invalid' }] });
  });

  it('does not repeat a query in its refusal', () => {
    expect(parseScope('system/Task.zz?patient=9990000018').issues[0]?.text).not.toContain('9990000018');
  });

  it('are of a user or a patient only where that is asked for', () => {
    expect(parseScope('user/Task.rs').ok).toBe(false);
    expect(parseScope('patient/Task.rs', ['patient'])).toMatchObject({ ok: true, value: { type: 'Task' } });
    expect(parseScope('user/Task.rs', ['patient']).ok).toBe(false);
  });

  it('reports every bad scope of a list', () => {
    expect(parseScopes(['system/Task.rs', 'openid', 'system/Task.zz']).issues).toHaveLength(2);
  });

  it.each([
    ['system/*.rs', 'system/CarePlan.rs system/Patient.r', 'system/CarePlan.rs system/Patient.r'],
    ['system/CarePlan.cruds', 'system/*.rs', 'system/CarePlan.rs'],
    ['system/CarePlan.r system/CarePlan.s', 'system/CarePlan.rs', 'system/CarePlan.rs'],
    ['system/*.r system/CarePlan.r', 'system/*.r', 'system/*.r'],
    ['system/Patient.c', 'system/Patient.r', ''],
    ['system/Patient.r', 'system/CarePlan.r', ''],
    ['intake', 'system/*.cruds', ''],
    ['system/*.cruds', 'intake', ''],
    ['intake system/*.r', 'intake', 'intake'],
    ['system/Task.rs', 'system/Task.rs?status=ready', 'system/Task.rs?status=ready'],
    ['system/Task.rs?status=ready', 'system/*.cruds', 'system/Task.rs?status=ready'],
    ['system/Task.rs?status=ready', 'system/Task.r?code=x|1', 'system/Task.r?status=ready&code=x|1'],
    ['system/Task.rs?status=ready', 'system/Task.rs?status=ready,draft', 'system/Task.rs?status=ready'],
    ['system/Task.rs?status=ready,done', 'system/Task.rs?status=ready', 'system/Task.rs?status=ready'],
    ['system/Task.rs?code:not=1', 'system/Task.rs?code:not=1,2', 'system/Task.rs?code:not=1&code:not=1,2'],
    ['system/Task.rs', 'system/Task.rs?status=ready system/Task.rs', 'system/Task.rs'],
    ['system/Task.rs', 'system/Task.rs?status=ready system/Task.r', 'system/Task.rs?status=ready system/Task.r'],
  ])('%s asked where %s is registered gives "%s"', (asked, registered, expected) => {
    expect(narrow(asked, registered)).toBe(expected);
  });
});

describe('SMART scopes, for any lists', () => {
  const types = ['Patient', 'CarePlan', 'Task'];
  const permission = fc.constantFrom<Permission>('c', 'r', 'u', 'd', 's');
  const scope: fc.Arbitrary<Scope> = fc.oneof(
    fc.constant<Scope>({ kind: 'intake' }),
    fc
      .tuple(fc.constantFrom('*', ...types), fc.subarray(['c', 'r', 'u', 'd', 's'], { minLength: 1 }))
      .map(([type, letters]): Scope => ({ kind: 'resource', type, permissions: letters.join('') })),
    fc
      .tuple(
        fc.constantFrom(...types),
        fc.subarray(['c', 'r', 'u', 'd', 's'], { minLength: 1 }),
        fc.uniqueArray(fc.constantFrom('a=1', 'a=1,2', 'a=2', 'a=2,3', 'b=1', 'b=1,2'), { minLength: 1, maxLength: 3 }),
      )
      .map(
        ([type, letters, pairs]): Scope => ({
          kind: 'resource',
          type,
          permissions: letters.join(''),
          query: pairs.join('&'),
        }),
      ),
  );
  /** Resources that have one value of `a` and one of `b`; whether the scopes reach one, by what their text means. */
  const resource = fc.record({ a: fc.constantFrom('1', '2', '3'), b: fc.constantFrom('1', '2', '3') });
  const reaches = (list: readonly Scope[], type: string, letter: Permission, one: Record<string, string>): boolean => {
    const criteria = criteriaFor(list, type, letter);
    if (criteria === 'all') return true;
    return criteria.some((query) =>
      query.split('&').every((pair) => {
        const [name = '', values = ''] = pair.split('=');
        return values.split(',').includes(one[name] ?? '');
      }),
    );
  };
  const scopes = fc.array(scope, { maxLength: 6 });

  it('an intersection grants exactly what both sides grant', () => {
    fc.assert(
      fc.property(
        scopes,
        scopes,
        fc.constantFrom(...types, 'Unheard'),
        permission,
        resource,
        (asked, registered, type, letter, one) => {
          const both = intersectScopes(asked, registered);
          const inBoth = reaches(asked, type, letter, one) && reaches(registered, type, letter, one);
          expect(reaches(both, type, letter, one)).toBe(inBoth);
          const intake = { kind: 'intake' } as const;
          expect(allows(both, intake)).toBe(allows(asked, intake) && allows(registered, intake));
        },
      ),
    );
  });

  it('what is printed is read again as the same', () => {
    fc.assert(
      fc.property(scope, (one) => {
        expect(parseScope(formatScope(one))).toMatchObject({ ok: true, value: one });
      }),
    );
  });

  it('any text is read or refused, never thrown at, and what is read is never wider than cruds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^system\/(?:Task|\*)\.[crudsxy*?=]{0,8}$/)), (text) => {
        const parsed = parseScope(text);
        if (!parsed.ok) expect(parsed.issues).toHaveLength(1);
        else if (parsed.value.kind === 'resource') {
          const { permissions } = parsed.value;
          expect([...'cruds'].filter((letter) => permissions.includes(letter)).join('')).toBe(permissions);
        }
      }),
    );
  });
});
