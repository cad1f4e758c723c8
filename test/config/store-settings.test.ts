import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'ginnel-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: Record<string, string> = {}) {
  const file = join(folder, 'ginnel.yaml');
  writeFileSync(file, `ginnel: 1\ntitle: Hatters\npartners: {}\n${text}`);
  return loadConfig(file, env);
}

describe('settings of the store', () => {
  it('keep everything for ever unless told', () => {
    expect(load('').retention).toEqual({ messageBodyDays: undefined, deliveryDays: undefined });
    const text = 'retention: { messageBodyDays: 365, deliveryDays: 90 }';
    expect(load(text).retention).toEqual({ messageBodyDays: 365, deliveryDays: 90 });
  });

  it.each(['messageBodyDays: 0', 'deliveryDays: 1.5', 'auditDays: 9', 'deliveryDays: soon'])(
    'refuse retention: { %s }, and say where',
    (setting) => {
      expect(() => load(`retention: { ${setting} }`)).toThrow(/config-invalid.*ginnel\.yaml:4:/);
    },
  );

  it('migrate at the start unless GINNEL_MIGRATE says never', () => {
    expect(load('').migrates).toBe(true);
    expect(load('', { GINNEL_MIGRATE: 'start' }).migrates).toBe(true);
    expect(load('', { GINNEL_MIGRATE: 'never' }).migrates).toBe(false);
    expect(() => load('', { GINNEL_MIGRATE: 'no' })).toThrow('GINNEL_MIGRATE must be start or never');
  });
});
