import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findUnsafeXhtml } from '../../src/fhir/xhtml.ts';

const div = (content: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${content}</div>`;

describe('narrative', () => {
  it.each([
    ['text', div('Plan')],
    ['nothing', div('')],
    ['an empty div', '<div xmlns="http://www.w3.org/1999/xhtml"/>'],
    ['a table', div('<table border="1"><tr><th scope="col">Need</th></tr><tr><td colspan="2">Rails</td></tr></table>')],
    ['lists and breaks', div('<ul><li>One<br/>two</li></ul><hr />')],
    ['entities', div('Fish &amp; chips &lt; 5 &#163; &#xA3; &nbsp;')],
    [
      'links',
      div('<a href="https://x.example/?a=1&amp;b=2">a</a><a href="#there">b</a><a href="mailto:a@x.example">c</a>'),
    ],
    ['a relative link with a colon behind a slash', div('<a href="Patient/1:2">a</a>')],
    [
      'an image',
      div('<img src="https://x.example/a.png" alt="a"/><img src="#pic"/><img src="data:image/png;base64,AA=="/>'),
    ],
    ['styles that format', div('<p style="color: red; text-align: left">a</p>')],
    ['comments', div('<!-- a -- b --><p>a</p>')],
    ['attributes in single quotes', "<div xmlns='http://www.w3.org/1999/xhtml'>a</div>"],
    ['space around it', ` ${div('a')}\n`],
  ])('may hold %s', (_what, text) => {
    expect(findUnsafeXhtml(text)).toBeUndefined();
  });

  it.each([
    ['a script', div('<script>alert(1)</script>')],
    ['a script in capitals', div('<SCRIPT>alert(1)</SCRIPT>')],
    ['an event handler', div('<p onclick="x()">a</p>')],
    ['an event handler without quotes', div('<p onclick=x()>a</p>')],
    ['an event handler after a slash', div('<img/onerror="x()" src="#a"/>')],
    ['a javascript link', div('<a href="javascript:x()">a</a>')],
    ['a javascript link in capitals behind a space', div('<a href=" JaVaScRiPt:x()">a</a>')],
    ['a javascript link spelt with entities', div('<a href="java&#115;cript:x()">a</a>')],
    ['a javascript link broken by a line end', div('<a href="java\nscript:x()">a</a>')],
    ['a data link', div('<a href="data:text/html,a">a</a>')],
    ['an SVG image in itself', div('<img src="data:image/svg+xml;base64,AA=="/>')],
    ['an image from a script', div('<img src="javascript:x()"/>')],
    ['an iframe', div('<iframe src="https://x.example"></iframe>')],
    ['a form', div('<form><input type="text"/></form>')],
    ['an object', div('<object data="x"></object>')],
    ['SVG', div('<svg xmlns="http://www.w3.org/2000/svg"></svg>')],
    ['a style sheet', div('<style>p { color: red }</style>')],
    ['a style that fetches', div('<p style="background: url(https://x.example)">a</p>')],
    ['a style that runs', div('<p style="width: expression(x())">a</p>')],
    ['a style with escapes', div('<p style="background: \\75rl">a</p>')],
    ['a meta element', div('<meta http-equiv="refresh" content="0"/>')],
    ['a base element', div('<base href="https://x.example"/>')],
    ['a DOCTYPE', `<!DOCTYPE html>${div('a')}`],
    ['CDATA', div('<![CDATA[<script>]]>')],
    ['a processing instruction', div('<?php x ?>')],
    ['tags that cross', div('<b><i>a</b></i>')],
    ['a tag that is not closed', div('<p>a')],
    ['an attribute that does not end', '<div xmlns="http://www.w3.org/1999/xhtml'],
    ['an attribute twice', div('<p class="a" class="b">a</p>')],
    ['a bare ampersand', div('fish & chips')],
    ['a bare less-than', div('a < b')],
    ['no root', 'just text'],
    ['another root', '<p xmlns="http://www.w3.org/1999/xhtml">a</p>'],
    ['two roots', div('a') + div('b')],
    ['text behind the root', `${div('a')}b`],
    ['no namespace', '<div>a</div>'],
    ['another namespace', '<div xmlns="http://www.w3.org/2000/svg">a</div>'],
    ['a comment that does not end', div('<!-- a')],
    ['nothing at all', ''],
  ])('may not hold %s', (_what, text) => {
    expect(findUnsafeXhtml(text)).toBeTypeOf('string');
  });

  it('never quotes the narrative in what it says', () => {
    const secret = 'Zebedee';
    for (const text of [
      div(`<${secret}>a</${secret}>`),
      div(`<p ${secret}="a">b</p>`),
      div(`<a href="${secret}:x">b</a>`),
    ]) {
      expect(findUnsafeXhtml(text)).not.toContain(secret);
    }
  });

  it('answers any text, and what it passes has neither script nor handler', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      '"',
      "'",
      '=',
      'div',
      'script',
      'p',
      ' onclick',
      ' href',
      '&',
      ';',
      '!--',
      'a',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = div(pieces.join(''));
        if (findUnsafeXhtml(text) === undefined)
          expect(text.replace(/<!--.*?-->/gs, '')).not.toMatch(/<script|<[^>]* onclick/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes time in proportion to the text, however it is twisted', () => {
    for (const text of ['<'.repeat(200_000), '<p '.repeat(100_000), '&'.repeat(200_000), '<!--'.repeat(50_000)]) {
      const start = performance.now();
      findUnsafeXhtml(div(text));
      expect(performance.now() - start).toBeLessThan(500);
    }
  });

  it('refuses a narrative nested beyond reason', () => {
    expect(findUnsafeXhtml(div('<b>'.repeat(5_000) + '</b>'.repeat(5_000)))).toContain('deep');
  });
});
