import { type Node, partsOf } from '../fhirpath/ast.ts';
import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import { parseFhirPath } from '../fhirpath/parser.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { EntryNode, MappingDocument } from './mapping-document.ts';
import type { Hole, Member, Skeleton } from './skeleton.ts';
import { formatPlace } from './yaml-source.ts';

/** Conditions that are settled at a place, by their source: what the directives around it have asked already. */
type Settled = ReadonlyMap<string, boolean>;

/** Branches that no message can reach: their condition is a literal, or was decided by the same condition around it. */
export function findUnreachable({ refuse, accept, assigns, content, direction, format }: MappingDocument): Issue[] {
  const numberedMembers = direction === 'in' && format === 'hl7v2';
  const walk = new UnreachableWalk(numberedMembers);
  const none: Settled = new Map();
  if (accept !== undefined && constantTruth(accept, numberedMembers) !== undefined)
    walk.report(accept, 'This is always the same: leave accept out.');
  for (const { when } of refuse) {
    const truth = constantTruth(when, numberedMembers);
    if (truth === false) walk.report(when, 'This is always false: the rule refuses nothing.');
    if (truth === true) walk.report(when, 'This is always true: the rule refuses every message.');
  }
  for (const { value } of assigns) walk.skeleton(value, none);
  if (content.kind === 'body') walk.skeleton(content.body, none);
  else walk.entries(content.entries, none);
  return walk.issues;
}

class UnreachableWalk {
  readonly issues: Issue[] = [];
  /** HL7 v2 has members that are numbers. */
  private readonly numberedMembers: boolean;

  constructor(numberedMembers: boolean) {
    this.numberedMembers = numberedMembers;
  }

  report({ place }: Hole, text: string): void {
    this.issues.push(issue('mapping-unreachable', text, { severity: 'warning', mapping: formatPlace(place) }));
  }

  entries(nodes: readonly EntryNode[], settled: Settled): void {
    for (const node of nodes) {
      switch (node.kind) {
        case 'entry':
          this.skeleton(node.resource, settled);
          break;
        case 'if': {
          const [yes, no] = this.branch(node.condition, node.whenFalse.length > 0, settled);
          this.entries(node.whenTrue, yes);
          this.entries(node.whenFalse, no);
          break;
        }
        case 'for':
          this.entries(node.body, settled);
          break;
        case 'group':
          for (const { value } of node.assigns) this.skeleton(value, settled);
          this.entries(node.entries, settled);
      }
    }
  }

  skeleton(node: Skeleton, settled: Settled): void {
    if (node.kind === 'list') for (const item of node.items) this.skeleton(item, settled);
    if (node.kind !== 'object') return;
    for (const { value } of node.assigns) this.skeleton(value, settled);
    for (const member of node.members) this.member(member, settled);
  }

  private member(member: Member, settled: Settled): void {
    switch (member.kind) {
      case 'if': {
        const [yes, no] = this.branch(member.condition, member.whenFalse !== undefined, settled);
        this.skeleton(member.whenTrue, yes);
        if (member.whenFalse !== undefined) this.skeleton(member.whenFalse, no);
        return;
      }
      case 'for':
        this.skeleton(member.body, settled);
        return;
      default:
        this.skeleton(member.value, settled);
    }
  }

  /** What is settled in either branch. Names mean one thing, so the same source around it has the same answer. */
  private branch(condition: Hole, hasElse: boolean, settled: Settled): [Settled, Settled] {
    const source = condition.source.replaceAll(/\s+/g, ' ');
    const known = settled.get(source);
    const truth = known ?? constantTruth(condition, this.numberedMembers);
    const why = known === undefined ? '' : ', because the same is asked around it';
    if (truth === false) this.report(condition, `This is always false${why}: what stands under it is never reached.`);
    if (truth === true && hasElse) this.report(condition, `This is always true${why}: {% else %} is never reached.`);
    return [new Map([...settled, [source, true]]), new Map([...settled, [source, false]])];
  }
}

/** The answer of a condition that reads nothing; undefined for one that does. */
function constantTruth({ source, place }: Hole, numberedMembers: boolean): boolean | undefined {
  if (!readsNothing(parseFhirPath(source, { numberedMembers, refuseDashes: false }))) return undefined;
  const compiled = compileFhirPath(source, { dialect: 'plain', variables: new Set(), functions: new Map(), place });
  if (!compiled.ok) return undefined;
  try {
    const budget = { steps: LIMITS.mappingStepsMax };
    const items = compiled.value.evaluate({}, { variables: new Map(), now: new Date(0), budget });
    return items.length === 0 ? false : items[0] === true;
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

function readsNothing(node: Node): boolean {
  const isLiteral = node.kind === 'literal' || node.kind === 'empty';
  if (isLiteral) return true;
  return (node.kind === 'binary' || node.kind === 'sign') && partsOf(node).every(readsNothing);
}
