import type { Environment } from '../fhirpath/fhirpath.ts';
import { FORMATS } from '../formats/formats.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import type { CodeMap } from './codes.ts';
import { type Collect, compileEntries } from './compile-entries.ts';
import { type CompiledAssigns, compileAssigns, compileSkeleton } from './compile-skeleton.ts';
import { compileCondition } from './conditions.ts';
import { bindFunctions } from './functions.ts';
import type { Render } from './guard.ts';
import { entryLeaves, type MappingDocument } from './mapping-document.ts';
import { shapeOfSchema } from './schema-shape.ts';
import { Scope } from './scope.ts';
import type { Shape } from './shape.ts';
import type { Skeleton } from './skeleton.ts';
import { formatPlace } from './yaml-source.ts';

/** A mapping as closures. `watched` closures report reads and gather errors; see `trace.ts`. */
export interface Program {
  /** Puts into the frame what is looked up once a run; comes first. */
  readonly fill: (root: unknown, env: Environment) => void;
  /** What comes before the map: undefined to go on, or the issues that refuse the message. */
  readonly admit: (root: unknown, env: Environment) => readonly Issue[];
  readonly assigns: CompiledAssigns['assigns'];
  readonly content:
    | { readonly kind: 'entries'; readonly collect: Collect }
    | { readonly kind: 'body'; readonly render: Render };
}

/** Names that expressions may use besides those the mapping assigns. */
const GIVEN = { in: ['partner', 'messageId'], out: ['partner', 'messageId', 'resources'] } as const;

/** What `%partner` is; see `environment.ts`. */
const PARTNER = shapeOfSchema({
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string' },
    title: { type: 'string' },
    organisation: {
      type: 'object',
      additionalProperties: false,
      properties: { system: { type: 'string' }, value: { type: 'string' } },
    },
  },
});

/** Compiles a document. `input` is what is declared of the message. The issues are what is wrong with its expressions; with an error among them it cannot run. */
export function compileMapping(
  document: MappingDocument,
  codes: ReadonlyMap<string, CodeMap>,
  watched: boolean,
  input?: Shape,
): { program: Program; issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const names = document.content.kind === 'entries' ? entryNames(document) : [];
  const hasEntry = (name: string) => names.some((pattern) => fitsPattern(name, pattern));
  const scope = Scope.outermost(
    {
      dialect: document.direction === 'out' ? 'fhir' : FORMATS[document.format].dialect,
      functions: bindFunctions({ codes, hasEntry }),
      track: watched,
      input,
      issues,
    },
    GIVEN[document.direction],
    new Map([['partner', PARTNER]]),
  );
  const admit = compileAdmission(document, scope);
  const { assigns, scope: inner } = compileAssigns(document.assigns, scope);
  const content: Program['content'] =
    document.content.kind === 'entries'
      ? { kind: 'entries', collect: compileEntries(document.content.entries, inner) }
      : { kind: 'body', render: compileSkeleton(document.content.body, inner) };
  return { program: { fill: scope.layout.fill(), admit, assigns, content }, issues };
}

const NO_ISSUES: readonly Issue[] = [];

function compileAdmission({ accept, refuse }: MappingDocument, scope: Scope): Program['admit'] {
  const accepts = accept === undefined ? undefined : compileCondition(accept, scope);
  const rules = refuse.map((rule) => ({ rule, holds: compileCondition(rule.when, scope) }));
  return (root, env) => {
    if (accept !== undefined && accepts?.(root, env) === false) {
      return [
        issue('message-type-unsupported', 'This mapping does not take messages of this kind.', {
          mapping: formatPlace(accept.place),
        }),
      ];
    }
    if (rules.length === 0) return NO_ISSUES;
    return rules
      .filter(({ holds }) => holds(root, env) === true)
      .map(({ rule }) => issue('mapping-refused', rule.text, { mapping: formatPlace(rule.place) }));
  };
}

/** Names of entries as patterns: constant parts, with a hole between one and the next. */
function entryNames({ content }: MappingDocument): string[][] {
  if (content.kind !== 'entries') return [];
  return [...entryLeaves(content.entries)].map(({ name }) => patternOf(name));
}

function patternOf(node: Skeleton): string[] {
  if (node.kind === 'constant') return [String(node.value)];
  if (node.kind !== 'text') return ['', ''];
  const parts: string[] = [''];
  for (const part of node.parts) {
    if (typeof part === 'string') parts[parts.length - 1] += part;
    else parts.push('');
  }
  return parts;
}

function fitsPattern(name: string, pattern: readonly string[]): boolean {
  const first = pattern[0] ?? '';
  const last = pattern.at(-1) ?? '';
  if (pattern.length === 1) return name === first;
  return name.length >= first.length + last.length && name.startsWith(first) && name.endsWith(last);
}
