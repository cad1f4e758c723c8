import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { CompiledProfile, ProfileInvariant, ProfileNode } from './compile-profile.ts';
import type { Discriminator } from './discriminator.ts';
import { createRuleEnvironment, type RuleEnvironment } from './invariants.ts';
import { hasValue, isSame, matchesPattern, saysValue, typeOfCoded } from './match-value.ts';
import { isOfTypeName, isOfTypes, type Member, readMembers } from './members.ts';
import { parseReference } from './references.ts';
import { isInValueSet } from './value-set.ts';

export interface ProfileContext {
  readonly resourceTypes: ReadonlySet<string>;
  /** A profile by its canonical, for those that elements name; undefined for one that is not known. */
  profile(url: string): CompiledProfile | undefined;
}

/** What a resource breaks of a profile. Each issue ends with the rule's name in brackets. */
export function checkProfile(
  resource: JsonObject,
  profile: CompiledProfile,
  context: ProfileContext,
  expression: string,
): Issue[] {
  const check = new ProfileCheck(resource, profile, context);
  if (resource.resourceType !== profile.type) {
    check.report('type', `this profile is for a ${profile.type}`, { parent: undefined, step: expression });
  } else
    check.checkValue({ step: '', value: resource, beside: undefined }, profile.root, {
      parent: undefined,
      step: expression,
    });
  return check.issues;
}

/** Where a value stands, written out only when there is something to tell. */
interface Place {
  readonly parent: Place | undefined;
  readonly step: string;
}

function formatPlace({ parent, step }: Place): string {
  return parent === undefined ? step : `${formatPlace(parent)}.${step}`;
}

class ProfileCheck {
  readonly issues: Issue[] = [];
  readonly #resource: JsonObject;
  readonly #profile: CompiledProfile;
  readonly #context: ProfileContext;
  readonly #levels: number;
  #environment: RuleEnvironment | undefined;

  constructor(
    resource: JsonObject,
    profile: CompiledProfile,
    context: ProfileContext,
    levels: number = LIMITS.depthMax,
  ) {
    this.#resource = resource;
    this.#profile = profile;
    this.#context = context;
    this.#levels = levels;
  }

  report(rule: string, text: string, at: Place, severity: Issue['severity'] = 'error'): void {
    if (this.issues.length >= LIMITS.resourceIssuesMax) return;
    const words = `${this.#profile.name}: ${text} (${rule})`;
    this.issues.push(issue('profile-violation', words, { severity, expression: formatPlace(at) }));
  }

  checkValue(member: Member, node: ProfileNode, at: Place): void {
    const { value, beside } = member;
    if (value !== undefined) this.#checkContent(value, node, at);
    const parent = isJsonObject(value) ? value : beside;
    if (parent !== undefined && node.children.size > 0) this.#checkChildren(parent, node, at);
  }

  #checkContent(value: JsonValue, node: ProfileNode, at: Place): void {
    if (node.fixed !== undefined && !isSame(value, node.fixed)) {
      this.report(`${node.rule}-fixed`, `the value must be ${JSON.stringify(node.fixed)}`, at);
    }
    if (node.pattern !== undefined && !matchesPattern(value, node.pattern)) {
      this.report(`${node.rule}-pattern`, `the value must hold ${JSON.stringify(node.pattern)}`, at);
    }
    if (node.binding !== undefined && !isInValueSet(value, typeOfCoded(value), node.binding.codes)) {
      this.report(`${node.rule}-binding`, `the code is not in the value set ${node.binding.url}`, at);
    }
    if (node.targets !== undefined) {
      const type = targetTypeOf(value, this.#context.resourceTypes);
      if (type !== undefined && !node.targets.has(type)) {
        this.report(`${node.rule}-target`, `the reference must be to: ${[...node.targets].join(', ')}`, at);
      }
    }
    if (isJsonObject(value) && typeof value.resourceType === 'string' && !mayBe(value.resourceType, node.types)) {
      this.report(`${node.rule}-type`, `the resource must be a ${[...(node.types ?? [])].join(' or ')}`, at);
    }
    if (node.profiles.length > 0) this.#checkProfiles(value, node, at);
    for (const invariant of node.invariants) {
      if (!this.#holds(invariant, value)) this.report(invariant.key, invariant.human, at, invariant.severity);
    }
  }

  #checkChildren(parent: JsonObject, node: ProfileNode, at: Place): void {
    for (const [name, child] of node.children) {
      const members = readMembers(parent, name);
      this.#count(members.length, child, { parent: at, step: name });
      for (const member of members) {
        const here = { parent: at, step: member.step };
        if (child.types !== undefined && name.endsWith('[x]') && !isOfTypes(member.step, name, child.types)) {
          this.report(`${child.rule}-type`, `the type must be ${[...child.types].join(' or ')}`, here);
        }
        this.checkValue(member, child, here);
      }
      if (child.slices.size > 0) this.#checkSlices(members, child, { parent: at, step: name }, at);
    }
  }

  #checkSlices(members: readonly Member[], child: ProfileNode, place: Place, at: Place): void {
    if (child.discriminators.length === 0) return;
    const outside = new Set(members);
    for (const slice of child.slices.values()) {
      const own = members.filter((member) => this.#isInSlice(member, child.discriminators, slice));
      this.#count(own.length, slice, place);
      for (const member of own) {
        outside.delete(member);
        this.checkValue(member, slice, { parent: at, step: member.step });
      }
    }
    if (!child.closed) return;
    for (const { step } of outside) {
      this.report(`${child.rule}-closed`, 'no other items may stand here', { parent: at, step });
    }
  }

  #count(count: number, node: ProfileNode, at: Place): void {
    if (count >= node.min && count <= node.max) return;
    const what = node.short === undefined ? '' : `: ${node.short}`;
    if (count < node.min) this.report(`${node.rule}-min`, `at least ${node.min} must be there${what}`, at);
    else this.report(`${node.rule}-max`, `at most ${node.max} may be there${what}`, at);
  }

  /** One of the profiles that the element's type names is kept. What is not known cannot be told. */
  #checkProfiles(value: JsonValue, node: ProfileNode, at: Place): void {
    if (!isJsonObject(value) || this.#levels <= 0) return;
    const known = node.profiles.map((url) => this.#context.profile(url));
    const [only] = known;
    if (only === undefined || known.includes(undefined)) return;
    const found = known.map((profile) => this.#breaches(value, profile ?? only, at));
    if (found.some((issues) => !issues.some(({ severity }) => severity === 'error'))) return;
    if (known.length === 1) this.issues.push(...(found[0] ?? []));
    else this.report(`${node.rule}-profile`, `it must keep one of: ${known.map((one) => one?.name).join(', ')}`, at);
  }

  #breaches(value: JsonObject, profile: CompiledProfile, at: Place): Issue[] {
    const check = new ProfileCheck(this.#resource, profile, this.#context, this.#levels - 1);
    check.checkValue({ step: '', value, beside: undefined }, profile.root, at);
    return check.issues;
  }

  /** Whether a value has, at every discriminator, what the slice says there. */
  #isInSlice(member: Member, discriminators: readonly Discriminator[], slice: ProfileNode): boolean {
    return discriminators.every((discriminator) => this.#agrees(member, discriminator, slice));
  }

  #agrees(member: Member, { kind, steps }: Discriminator, slice: ProfileNode): boolean {
    let members: Member[] = [member];
    let nodes: readonly ProfileNode[] = [slice];
    let isTarget = false;
    for (const step of steps) {
      if (step.kind === 'resolve') isTarget = true;
      else if (step.kind === 'extension') {
        members = members.flatMap(({ value }) => (isJsonObject(value) ? readMembers(value, 'extension') : []));
        members = members.filter(({ value }) => isJsonObject(value) && value.url === step.url);
        nodes = nodes
          .flatMap(({ children }) => [...(children.get('extension')?.slices.values() ?? [])])
          .filter((one) => urlsOf(one).includes(step.url));
      } else {
        const choice = `${step.name}[x]`;
        const name = nodes.some(({ children }) => children.has(choice)) ? choice : step.name;
        members = members.flatMap(({ value, beside }) =>
          readMembers(isJsonObject(value) ? value : (beside ?? {}), name),
        );
        nodes = nodes.flatMap(({ children }) => withSlices(children.get(name)));
        // The url of an extension is said by the profile of the extension.
        if (step.name === 'url' && nodes.length === 0 && slice.profiles.length > 0) {
          return members.some(({ value }) => typeof value === 'string' && slice.profiles.includes(value));
        }
      }
    }
    return this.#isAsSaid(kind, members, nodes, isTarget);
  }

  #isAsSaid(
    kind: Discriminator['kind'],
    members: readonly Member[],
    nodes: readonly ProfileNode[],
    isTarget: boolean,
  ): boolean {
    const [node] = nodes;
    if (node === undefined) return false;
    switch (kind) {
      case 'value':
        return nodes.some((one) => saysValue(one) && members.some(({ value }) => hasValue(value, one)));
      case 'exists':
        return node.max === 0 ? members.length === 0 : node.min > 0 && members.length > 0;
      case 'type':
        return members.some((one) => this.#isOfType(one, isTarget, isTarget ? node.targets : node.types));
      case 'profile':
        return this.#keepsProfile(members, isTarget, node);
    }
  }

  #isOfType({ step, value }: Member, isTarget: boolean, types: ReadonlySet<string> | undefined): boolean {
    if (types === undefined || value === undefined) return false;
    if (isTarget) return types.has(targetTypeOf(value, this.#context.resourceTypes) ?? '');
    if (isJsonObject(value) && typeof value.resourceType === 'string') return types.has(value.resourceType);
    return [...types].some((type) => isOfTypeName(step, type));
  }

  #keepsProfile(members: readonly Member[], isTarget: boolean, node: ProfileNode): boolean {
    if (isTarget) return members.some((member) => this.#isOfType(member, true, node.targets));
    const profiles = node.profiles.flatMap((url) => this.#context.profile(url) ?? []);
    const nowhere = { parent: undefined, step: '' };
    return members.some(({ value }) =>
      profiles.some((profile) => isJsonObject(value) && this.#breaches(value, profile, nowhere).length === 0),
    );
  }

  /**
   * An invariant of ours holds when it is true; what it cannot tell, it does not grant
   * (https://hl7.org/fhir/R4/conformance-rules.html#constraints). Those of others are written for engines that know of
   * each value what type it has, so that they break, like those of R4, where they are false.
   */
  #holds({ expression, strict }: ProfileInvariant, value: JsonValue): boolean {
    this.#environment ??= createRuleEnvironment(this.#resource, this.#resource);
    this.#environment.budget.steps = LIMITS.mappingStepsMax;
    this.#environment.variables.set('context', [this.#resource]);
    try {
      const result = expression.evaluate(value, this.#environment);
      return strict ? result.length === 1 && result[0] === true : !(result.length === 1 && result[0] === false);
    } catch (fault) {
      if (fault instanceof EvaluationError) return !strict;
      throw fault;
    }
  }
}

function mayBe(resourceType: string, types: ReadonlySet<string> | undefined): boolean {
  return types === undefined || types.has(resourceType) || types.has('Resource') || types.has('DomainResource');
}

/** An element and its slices: what a slice says on the way counts as well. */
function withSlices(node: ProfileNode | undefined): readonly ProfileNode[] {
  return node === undefined ? [] : [node, ...node.slices.values()];
}

/** What a slice of extensions says its url is. */
function urlsOf({ profiles, children }: ProfileNode): readonly unknown[] {
  const url = children.get('url')?.fixed;
  return url === undefined ? profiles : [url];
}

/** The type that a reference is to; undefined where it cannot be seen (a urn, a logical reference without type). */
function targetTypeOf(value: JsonValue, types: ReadonlySet<string>): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const parsed = typeof value.reference === 'string' ? parseReference(value.reference, types) : undefined;
  return parsed?.type ?? (typeof value.type === 'string' ? value.type : undefined);
}
