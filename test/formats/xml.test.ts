import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xml } from '../../src/formats/xml/xml.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { bytesOf, parseIssue, parseOk, printIssue, printText } from './read.ts';

const REFERRAL = `<?xml version="1.0"?>
<r:referral xmlns:r="urn:example:referral" xmlns="urn:example:needs" id="R-1">
  <!-- a comment -->
  <needs>
    <need code="a">Help at home</need>
    <need code="b" urgent="yes"/>
  </needs>
  <note>Tea &amp; talk &#x2014; <![CDATA[<weekly>]]></note>
  <empty/>
</r:referral>
`;

describe('xml', () => {
  it('reads elements by local name, attributes, text and repeated elements', () => {
    expect(parseOk(xml, REFERRAL).tree).toEqual({
      referral: {
        '@id': 'R-1',
        needs: {
          need: [
            { '@code': 'a', '#text': 'Help at home' },
            { '@code': 'b', '@urgent': 'yes' },
          ],
        },
        note: 'Tea & talk — <weekly>',
        empty: '',
      },
    });
  });

  it('makes a list of a single element where the options say so', () => {
    const tree = parseOk(xml, '<a><b>1</b><c>2</c></a>', { lists: ['b'] }).tree;
    expect(tree).toEqual({ a: { b: ['1'], c: '2' } });
  });

  it('locates elements and attributes as XPath counts them', () => {
    const payload = parseOk(xml, REFERRAL);
    expect(payload.locate(['referral', 'needs', 'need', 1, '@urgent'])).toEqual({
      at: '/referral/needs/need[2]/@urgent',
      line: 6,
      column: 20,
    });
    expect(payload.locate(['referral', 'note'])).toEqual({ at: '/referral/note', line: 8, column: 3 });
    expect(payload.locate(['referral', 'needs', 'gone'])).toEqual({ at: '/referral/needs', line: 4, column: 3 });
    const listed = parseOk(xml, '<a>\n <b x="x=b"\n   y="1"/>\n</a>', { lists: ['b'] });
    expect(listed.locate(['a', 'b', 0, '@y'])).toEqual({ at: '/a/b[1]/@y', line: 3, column: 4 });
  });

  it('refuses a DOCTYPE, and with it every entity of a sender', () => {
    const laughs = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>';
    expect(parseIssue(xml, laughs).code).toBe('xml-dtd-refused');
    expect(parseIssue(xml, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>').code).toBe('xml-dtd-refused');
    for (const entity of ['c', 'constructor', 'toString', '__proto__', 'nbsp']) {
      expect(parseIssue(xml, `<a>&${entity};</a>`).code).toBe('xml-syntax');
    }
  });

  it('refuses what is not well formed, says where, and quotes nothing', () => {
    expect(parseIssue(xml, '<a>\n  <b>Smith</c>\n</a>')).toMatchObject({ code: 'xml-syntax', at: '/a', line: 2 });
    for (const text of [
      '<a><b></a>',
      '<a/>junk',
      '<a/><b/>',
      '<a',
      'text',
      '<a b=1/>',
      '<a>&#0;</a>',
      '<p:a/>',
      '<a b="1" b="2"/>',
    ]) {
      expect(parseIssue(xml, text).code).toBe('xml-syntax');
    }
    for (const text of [
      '<a><Smith></a>',
      '<a>&Smith;</a>',
      '<a><Smith:b/></a>',
      '<a Smith="1" Smith="2"/>',
      '<a></Smith>',
    ]) {
      expect(JSON.stringify(parseIssue(xml, text).text)).not.toContain('Smith');
    }
  });

  it('refuses two attributes that differ in their namespace alone', () => {
    const issue = parseIssue(xml, '<a xmlns:p="urn:p" x="1" p:x="2"/>');
    expect(issue).toMatchObject({ code: 'duplicate-key', at: '/a' });
  });

  it('refuses __proto__ as an element and keeps it as a harmless attribute', () => {
    expect(parseIssue(xml, '<a><__proto__><admin>1</admin></__proto__></a>').code).toBe('xml-syntax');
    expect(parseOk(xml, '<a __proto__="x"><b/></a>').tree).toEqual({ a: { '@__proto__': 'x', b: '' } });
  });

  it('warns where text stands between child elements', () => {
    const parsed = xml.parse(bytesOf('<a>one <b>two</b> three</a>'));
    expect(parsed).toMatchObject({ ok: true, value: { tree: { a: { '#text': 'one  three', b: 'two' } } } });
    expect(parsed.issues).toMatchObject([{ severity: 'warning', code: 'xml-syntax' }]);
  });

  it('reads the encoding that the declaration names', () => {
    const text = '<?xml version="1.0" encoding="ISO-8859-1"?><a>caf\xe9</a>';
    expect(parseOk(xml, Buffer.from(text, 'latin1')).tree).toEqual({ a: 'café' });
    const wide = Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>café</a>', 'utf16le');
    expect(parseOk(xml, wide).tree).toEqual({ a: 'café' });
    expect(parseIssue(xml, Buffer.from('<a>caf\xe9</a>', 'latin1')).code).toBe('encoding-invalid');
  });

  it('bounds nesting and the number of elements', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
    expect(parseOk(xml, nested(LIMITS.depthMax)).tree).toBeDefined();
    expect(parseIssue(xml, nested(LIMITS.depthMax + 1)).code).toBe('depth-too-large');
    expect(parseIssue(xml, '<a>'.repeat(1_000_000)).code).toBe('depth-too-large');
    expect(parseIssue(xml, `<a>${'<b/>'.repeat(LIMITS.fieldsMax)}</a>`).code).toBe('fields-too-many');
  });

  it.each([
    ['a prefix that is declared as nothing', { a: { '@xmlns:p': '' } }],
    ['a prefix that is not declared', { a: { '@xmlns:p': null, 'p:b': '1' } }],
    ['a prefix of XML itself', { a: { '@xmlns:xml': 'urn:x' } }],
    ['a namespace of XML itself', { a: { '@xmlns:p': 'http://www.w3.org/XML/1998/namespace' } }],
    ['an element of the namespace of declarations', { 'xmlns:a': 'x' }],
    ['two attributes that are one', { a: { '@xmlns:p': 'urn:a', '@xmlns:q': 'urn:a', '@p:c': '1', '@q:c': '2' } }],
  ])('does not print %s', (_what, tree) => {
    expect(printIssue(xml, tree).code).toBe('format-cannot-print');
  });

  it('prints nothing that it cannot read, whatever is declared', () => {
    const name = fc.constantFrom('a', 'p:a', 'q:a', 'xml:a', 'xmlns:a', 'r:a');
    const key = fc.constantFrom(
      '@xmlns',
      '@xmlns:p',
      '@xmlns:q',
      '@xmlns:xml',
      '@a',
      '@p:a',
      '@q:a',
      '@xml:lang',
      '#text',
    );
    const value = fc.constantFrom<unknown>('', 'urn:a', 'urn:b', 'http://www.w3.org/2000/xmlns/', null, 1);
    const tree = fc.letrec<{ node: object }>((tie) => ({
      node: fc
        .tuple(fc.dictionary(key, value, { maxKeys: 4 }), fc.option(fc.tuple(name, tie('node')), { maxDepth: 3 }))
        .map(([own, child]) => (child === null ? own : { ...own, [child[0]]: child[1] })),
    })).node;
    fc.assert(
      fc.property(name, tree, (root, inside) => {
        const printed = xml.print({ [root]: inside });
        if (!printed.ok) return;
        const again = xml.parse(printed.value);
        // Two attributes whose names differ in their namespace alone can be written and are refused in a message.
        expect(again.ok || again.issues[0]?.code).toSatisfy((found) => found === true || found === 'duplicate-key');
      }),
      { numRuns: 2000 },
    );
  });

  it('prints two spaces a level, escapes, and leaves out what is absent', () => {
    const tree = {
      order: { '@id': 7, item: ['a<b', { '@n': '"1"', '#text': 'x' }, null], none: null, flag: true, no: [] },
    };
    expect(printText(xml, tree)).toBe(
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<order id="7">',
        '  <item>a&lt;b</item>',
        '  <item n="&quot;1&quot;">x</item>',
        '  <flag>true</flag>',
        '</order>',
        '',
      ].join('\n'),
    );
    expect(printText(xml, { 'p:a': { '@xmlns:p': 'urn:p', 'p:b': '1' } })).toContain(
      '<p:a xmlns:p="urn:p">\n  <p:b>1</p:b>',
    );
  });

  it('refuses to print what XML cannot hold', () => {
    const refused: unknown[] = [
      { a: 'bell \u0007' },
      { a: '\ud800' },
      { a: { 'b c': '1' } },
      { a: { 'b><evil': '1' } },
      { a: { '@x y="1"': '1' } },
      { a: { 'p:b': '1' } },
      { a: [1, 2] },
      { a: 1, b: 2 },
      { a: { b: [['1']] } },
      { a: { '@x': { y: 1 } } },
      'text',
      {},
    ];
    for (const tree of refused) expect(printIssue(xml, tree).code).toBe('format-cannot-print');
    expect(printIssue(xml, { a: { b: ['ok', '\u0000'] } }).at).toBe('/a/b[2]');
  });

  it('prints what it parses back to the same tree', () => {
    const text = fc
      .string({ unit: 'binary' })
      .filter((value) => /^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(value));
    const name = fc.constantFrom('a', 'b', 'née', 'x-1', '_y', 'constructor');
    const { node } = fc.letrec<{ node: unknown; object: unknown }>((tie) => ({
      node: fc.oneof({ depthSize: 'small' }, text, tie('object')),
      object: fc
        .tuple(
          fc.dictionary(
            name.map((one) => `@${one}`),
            text,
            { minKeys: 1, maxKeys: 3 },
          ),
          text.map((one) => one.trim()),
          fc.dictionary(name, fc.oneof(tie('node'), fc.array(tie('node'), { minLength: 2, maxLength: 3 })), {
            maxKeys: 3,
          }),
        )
        .map(([attributes, own, children]) => ({
          ...attributes,
          ...(own === '' ? {} : { '#text': own }),
          ...children,
        })),
    }));
    fc.assert(
      fc.property(node, (value) => {
        const printed = xml.print({ root: value });
        if (!printed.ok) throw new Error(JSON.stringify(printed.issues));
        expect(parseOk(xml, printed.value).tree).toEqual({ root: value });
      }),
      { numRuns: 1000 },
    );
  });
});
