import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allows,
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

  it('refuses a scope with a query instead of granting more than it says, and does not repeat the query', () => {
    const parsed = parseScope('system/Task.rs?patient=9990000018');
    expect(parsed.ok).toBe(false);
    expect(parsed.issues[0]?.text).toContain('query');
    expect(parsed.issues[0]?.text).not.toContain('9990000018');
    expect(parseScope('system/Task.rs?').ok).toBe(false);
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
  );
  const scopes = fc.array(scope, { maxLength: 6 });

  it('an intersection grants exactly what both sides grant', () => {
    fc.assert(
      fc.property(
        scopes,
        scopes,
        fc.constantFrom(...types, 'Unheard'),
        permission,
        (asked, registered, type, letter) => {
          const both = intersectScopes(asked, registered);
          for (const need of [{ kind: 'resource', type, permission: letter } as const, { kind: 'intake' } as const]) {
            expect(allows(both, need)).toBe(allows(asked, need) && allows(registered, need));
          }
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
