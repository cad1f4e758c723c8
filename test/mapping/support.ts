import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FormatName } from '../../src/formats/format.ts';
import { FORMATS } from '../../src/formats/formats.ts';
import { GinnelError, type Issue } from '../../src/kernel/errors.ts';
import type { Result } from '../../src/kernel/result.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { type LoadedMapping, loadWithParts } from '../../src/mapping/load-mapping.ts';

/** Writes a mappings root for one test and removes it afterwards. Paths are below the root. */
export function mappingsFolder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'ginnel-mappings-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** Loads a mapping from its text, as `a/b`, with the files that it names beside it. */
export function loadText(yaml: string, files: Readonly<Record<string, string>> = {}): Result<LoadedMapping> {
  const beside = Object.fromEntries(Object.entries(files).map(([path, content]) => [`a/b/${path}`, content]));
  return loadWithParts(mappingsFolder({ 'a/b/mapping.yaml': yaml, ...beside }), 'a/b');
}

export function mustLoad(yaml: string, files: Readonly<Record<string, string>> = {}): LoadedMapping {
  const loaded = loadText(yaml, files);
  if (!loaded.ok) throw new GinnelError(loaded.issues);
  return loaded.value;
}

/** Wraps a skeleton as the `body` of a mapping out of FHIR, which shows skeleton rules without entries around them. */
export function outMapping(body: string, head = ''): string {
  const indented = body.replaceAll(/^/gm, '  ');
  return `mapping: 1\ndirection: out\noutput: { format: json }\n${head}body:\n${indented}\n`;
}

/** What the skeleton gives over a resource. */
export function renderBody(body: string, resource: object, head = ''): unknown {
  const { mapping } = mustLoad(outMapping(body, head));
  if (mapping.direction !== 'out') throw new Error('The mapping goes out.');
  const focus = resource as Parameters<typeof mapping.run>[0];
  const result = mapping.run(focus, [focus], CASE_CONTEXT);
  if (!result.ok) throw new GinnelError(result.issues);
  return result.value.tree;
}

/** Runs a mapping into FHIR over a text. */
export function runIn({ mapping }: LoadedMapping, text: string) {
  if (mapping.direction !== 'in') throw new Error('The mapping goes in.');
  const payload = parseText(mapping.input.format, text);
  return mapping.run(payload, CASE_CONTEXT);
}

export function parseText(format: FormatName, text: string) {
  const parsed = FORMATS[format].parse(Buffer.from(text));
  if (!parsed.ok) throw new GinnelError(parsed.issues);
  return parsed.value;
}

/** Code, place in the message and place in the mapping: what an issue is worth. */
export function places(issues: readonly Issue[]): (string | undefined)[][] {
  return issues.map(({ code, at, mapping }) => [code, at, mapping?.replace('mappings/a/b/mapping.yaml:', '')]);
}
