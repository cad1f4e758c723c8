import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Issue, issue } from '../kernel/errors.ts';
import { listCases } from './cases.ts';
import { type FhirRules, findFhirMistakes } from './lint-fhir.ts';
import { findIgnoredInVain } from './lint-ignored.ts';
import { findUnreachable } from './lint-unreachable.ts';
import { loadWithParts } from './load-mapping.ts';
import { type EntryNode, entryLeaves, type MappingDocument } from './mapping-document.ts';
import { type Assign, type Hole, holesOf, type Skeleton } from './skeleton.ts';
import { formatPlace } from './yaml-source.ts';

/**
 * Everything that can be said of a mapping without running it: the errors of its load, what it declares in vain, branches
 * that nothing reaches, and, by the rules of FHIR, what is wrong with the resources it writes.
 */
export function lintMapping(root: string, name: string, rules?: FhirRules): Issue[] {
  const loaded = loadWithParts(root, name);
  const findings = [...loaded.issues];
  if (loaded.ok) {
    const { document } = loaded.value;
    findings.push(...findUnused(document), ...findIgnoredInVain(loaded.value), ...findUnreachable(document));
    if (rules !== undefined) findings.push(...findFhirMistakes(loaded.value, rules));
  }
  findings.push(...findMissing(root, name));
  return findings;
}

function findMissing(root: string, name: string): Issue[] {
  const mapping = `mappings/${name}/mapping.yaml:1:1`;
  const missing = (text: string) => issue('mapping-incomplete', text, { severity: 'warning', mapping });
  const findings: Issue[] = [];
  if (!existsSync(join(root, name, 'README.md')))
    findings.push(missing('There is no README.md that tells the quirks of this system.'));
  const cases = listCases(root, name);
  if (cases.length === 0)
    findings.push(missing('There are no cases: nothing shows that this mapping does what it should.'));
  for (const one of cases) {
    if (one.input === undefined) findings.push(missing(`The case ${one.name} has no input file.`));
    if (one.expected === undefined) findings.push(missing(`The case ${one.name} has no expected file.`));
  }
  return findings;
}

function findUnused(document: MappingDocument): Issue[] {
  const sources = [...holesOfDocument(document)].map((hole) => hole.source);
  const uses = new Set(
    sources.flatMap((source) => [...source.matchAll(/%`?([A-Za-z_][A-Za-z0-9_]*)/g)].map((match) => match[1])),
  );
  const maps = new Set(
    sources.flatMap((source) => [...source.matchAll(/translate(?:Concept)?\(\s*'([^']*)'/g)].map((match) => match[1])),
  );
  const unused = (text: string, mapping: string) => issue('mapping-unused', text, { severity: 'warning', mapping });
  return [
    ...document.codes
      .filter(({ name }) => !maps.has(name))
      .map(({ name, place }) => unused(`No expression translates by the code map ${name}.`, formatPlace(place))),
    ...[...assignsOf(document)]
      .filter(({ name }) => !uses.has(name))
      .map(({ name, place }) => unused(`No expression uses %${name}.`, formatPlace(place))),
  ];
}

function* holesOfDocument({ accept, refuse, assigns, content }: MappingDocument): Generator<Hole> {
  if (accept !== undefined) yield accept;
  for (const { when } of refuse) yield when;
  for (const { value } of assigns) yield* holesOf(value);
  if (content.kind === 'body') yield* holesOf(content.body);
  else yield* holesOfEntries(content.entries);
}

function* holesOfEntries(nodes: readonly EntryNode[]): Generator<Hole> {
  for (const node of nodes) {
    switch (node.kind) {
      case 'entry':
        for (const part of [node.name, node.system, node.value, node.resource]) yield* holesOf(part);
        for (const { when } of node.remove) yield when;
        break;
      case 'if':
        yield node.condition;
        yield* holesOfEntries([...node.whenTrue, ...node.whenFalse]);
        break;
      case 'for':
        yield node.loop.list;
        yield* holesOfEntries(node.body);
        break;
      case 'group':
        for (const { value } of node.assigns) yield* holesOf(value);
        yield* holesOfEntries(node.entries);
    }
  }
}

function* assignsOf({ assigns, content }: MappingDocument): Generator<Assign> {
  yield* assigns;
  for (const { value } of assigns) yield* assignsIn(value);
  if (content.kind === 'body') yield* assignsIn(content.body);
  else {
    yield* assignsOfEntries(content.entries);
    for (const { resource } of entryLeaves(content.entries)) yield* assignsIn(resource);
  }
}

function* assignsOfEntries(nodes: readonly EntryNode[]): Generator<Assign> {
  for (const node of nodes) {
    if (node.kind === 'group') {
      yield* node.assigns;
      yield* assignsOfEntries(node.entries);
    } else if (node.kind === 'for') yield* assignsOfEntries(node.body);
    else if (node.kind === 'if') yield* assignsOfEntries([...node.whenTrue, ...node.whenFalse]);
  }
}

function* assignsIn(node: Skeleton): Generator<Assign> {
  if (node.kind === 'list') for (const item of node.items) yield* assignsIn(item);
  if (node.kind !== 'object') return;
  yield* node.assigns;
  for (const member of node.members) {
    if (member.kind === 'key' || member.kind === 'merge') yield* assignsIn(member.value);
    else if (member.kind === 'for') yield* assignsIn(member.body);
    else {
      yield* assignsIn(member.whenTrue);
      if (member.whenFalse !== undefined) yield* assignsIn(member.whenFalse);
    }
  }
}
