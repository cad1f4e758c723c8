import { describe, expect, it } from 'vitest';
import { decide } from '../../src/auth/decide.ts';
import type { Identity, Interaction } from '../../src/auth/identity.ts';
import { withOpenAccess } from '../support/open-access.ts';

const withScopes = (...scopes: string[]): Identity => withOpenAccess(bare(...scopes));

const bare = (...scopes: string[]): Identity => ({
  client: 'stockport-gp',
  partner: 'hazel-grove-surgery',
  organisation: undefined,
  scopes,
  tokenId: 'token-1',
  expiresAt: new Date('2026-03-02T09:05:00Z'),
});

type RestInteraction = Exclude<Interaction, 'intake'>;

describe('The access decision', () => {
  it.each<[RestInteraction, string]>([
    ['read', 'r'],
    ['vread', 'r'],
    ['history', 'r'],
    ['search', 's'],
    ['create', 'c'],
    ['update', 'u'],
    ['patch', 'u'],
    ['delete', 'd'],
    ['operation', 'rs'],
  ])('allows %s with .%s and with nothing less', (interaction, letters) => {
    const need = { interaction, types: ['CarePlan'] };
    expect(decide(withScopes(`system/CarePlan.${letters}`), need)).toEqual({ allowed: true });
    for (const letter of letters) {
      const less = [...'cruds'].filter((one) => one !== letter).join('');
      expect(decide(withScopes(`system/CarePlan.${less}`), need)).toEqual({
        allowed: false,
        reason: `This ${interaction} needs the scope system/CarePlan.${letters}.`,
      });
    }
  });

  it('denies an identity without access rules, whatever its scopes', () => {
    const decision = decide(bare('system/*.cruds'), { interaction: 'read', types: ['CarePlan'] });
    expect(decision).toMatchObject({ allowed: false, lacks: 'rule' });
  });

  it('lets whoever has a scope on any resource send a Bundle, whose entries are decided one by one', () => {
    const need = { interaction: 'transaction' as const, types: [] };
    expect(decide(withScopes('system/Task.r'), need)).toEqual({ allowed: true });
    expect(decide(withScopes('intake'), need).allowed).toBe(false);
    expect(decide(withScopes(), need).allowed).toBe(false);
  });

  it('denies when one of several types is not granted', () => {
    const identity = withScopes('system/CarePlan.rs');
    expect(decide(identity, { interaction: 'search', types: ['CarePlan', 'Patient'] })).toEqual({
      allowed: false,
      reason: 'This search needs the scope system/Patient.s.',
    });
  });

  it('denies whatever names no type, or a thing that is no type, even to the widest scope', () => {
    const identity = withScopes('system/*.cruds');
    expect(decide(identity, { interaction: 'read', types: [] }).allowed).toBe(false);
    const odd = decide(identity, { interaction: 'read', types: ['9990000018'] });
    expect(odd.allowed).toBe(false);
    expect(JSON.stringify(odd)).not.toContain('9990000018');
  });

  it('denies an interaction that it does not know', () => {
    expect(
      decide(withScopes('system/*.cruds'), { interaction: 'merge' as RestInteraction, types: ['Patient'] }).allowed,
    ).toBe(false);
  });

  it('takes no rights from a scope that it cannot enforce', () => {
    const identity = withScopes('system/CarePlan.rs?no-such-parameter=1', 'patient/CarePlan.rs', 'admin');
    expect(decide(identity, { interaction: 'read', types: ['CarePlan'] }).allowed).toBe(false);
  });

  it('lets an application send messages as its own partner only, and only with the scope intake', () => {
    const own = { interaction: 'intake', partner: 'hazel-grove-surgery' } as const;
    expect(decide(withScopes('intake'), own)).toEqual({ allowed: true });
    expect(decide(withScopes('system/*.cruds'), own).allowed).toBe(false);
    expect(decide(withScopes('intake', 'system/*.cruds'), { ...own, partner: 'stepping-hill' }).allowed).toBe(false);
  });

  it('does not let intake read', () => {
    expect(decide(withScopes('intake'), { interaction: 'read', types: ['Patient'] }).allowed).toBe(false);
  });
});
