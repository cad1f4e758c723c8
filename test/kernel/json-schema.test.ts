import { describe, expect, it } from 'vitest';
import { compileJsonSchema } from '../../src/kernel/json-schema.ts';

describe('a JSON Schema check', () => {
  it('names the place of each breach by steps, and never the value', () => {
    const check = compileJsonSchema({
      type: 'object',
      required: ['id'],
      additionalProperties: false,
      properties: {
        id: { type: 'string' },
        needs: { type: 'array', items: { type: 'object', properties: { 'a/b~c': { type: 'string', maxLength: 3 } } } },
        sex: { enum: ['F', 'M'] },
      },
    });
    const breaches = check({ needs: [{}, { 'a/b~c': 'secret value' }], sex: 'secret value', shoe: 'secret value' });
    expect(breaches.map(({ path, keyword }) => [path, keyword])).toEqual([
      [[], 'required'],
      [['shoe'], 'additionalProperties'],
      [['needs', 1, 'a/b~c'], 'maxLength'],
      [['sex'], 'enum'],
    ]);
    expect(JSON.stringify(breaches)).not.toContain('secret value');
    expect(breaches[3]?.text).toBe('This must be one of "F", "M".');
    expect(check({ id: '1', needs: [], sex: 'F' })).toEqual([]);
  });

  it('tells list positions from members that are named by a number', () => {
    const check = compileJsonSchema({
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string' } },
    });
    expect(check({ 3: ['a', 1] }).map(({ path }) => path)).toEqual([['3', 1]]);
  });

  it('reads members of objects without a prototype, and no inherited ones', () => {
    const check = compileJsonSchema({ type: 'object', required: ['toString'] });
    expect(check({})).toHaveLength(1);
    expect(check(Object.assign(Object.create(null), { toString: 1 }))).toEqual([]);
  });

  it('tells at most twenty breaches', () => {
    const check = compileJsonSchema({ type: 'array', items: { type: 'string' } });
    expect(check(Array.from({ length: 5000 }, () => 1))).toHaveLength(20);
  });

  it('is strict about the schema itself', () => {
    expect(() => compileJsonSchema({ typ: 'object' })).toThrow(/strict mode/);
    expect(() => compileJsonSchema({ type: 'string', format: 'unheard-of' })).toThrow(/format/);
    expect(() => compileJsonSchema({ type: 'string', pattern: '(?=a)b' })).toThrow();
  });

  it('takes draft-07 where the schema says so', () => {
    const draft07 = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      definitions: { a: { type: 'string' } },
      $ref: '#/definitions/a',
    };
    expect(compileJsonSchema(draft07)(1)).toHaveLength(1);
  });

  it('keeps patterns apart', () => {
    const check = compileJsonSchema({
      type: 'object',
      properties: { a: { type: 'string', pattern: '^[0-9]+$' }, b: { type: 'string', pattern: '^[a-z]+$' } },
    });
    expect(check({ a: '1', b: 'x' })).toEqual([]);
    expect(check({ a: 'x', b: '1' }).map(({ path }) => path)).toEqual([['a'], ['b']]);
  });

  it('matches patterns in linear time', () => {
    const check = compileJsonSchema({ type: 'string', pattern: '^(a+)+$' });
    const start = performance.now();
    expect(check(`${'a'.repeat(5000)}b`)).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(check('aaa')).toEqual([]);
  });
});
