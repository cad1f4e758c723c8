import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { ginnel } from './support.ts';

const SAMPLE = resolve(
  import.meta.dirname,
  '../../examples/stockport-together/samples/01-heaton-practice-referral.json',
);

it('says once that profiles are not installed, however many resources name one', async () => {
  const { code, out, err } = await ginnel(['map', 'gp-json/referral', SAMPLE], {});
  expect(code).toBe(0);
  expect(out.match(/UKCore-/g)?.length).toBeGreaterThan(1);
  expect(err.match(/profile-unknown/g)).toEqual(['profile-unknown']);
  expect(err).toContain('unread $.messageGuid');
});
