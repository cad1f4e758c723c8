import type { AccessRule, Config } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { suggestion } from '../kernel/nearest-name.ts';

/**
 * What is wrong with access rules, for `ginnel check` and for the start: types and elements that R4 does not have,
 * which would open nothing, and, as a warning, a client that no rule opens anything to.
 */
export function checkAccess(config: Pick<Config, 'partners' | 'clients'>, definitions: Definitions): readonly Issue[] {
  const issues: Issue[] = [];
  for (const { name, access = [] } of config.partners.values()) {
    issues.push(...checkRules(access, `partners.${name}.access`, definitions));
  }
  for (const { id, partner, scopes, access } of config.clients.values()) {
    issues.push(...checkRules(access ?? [], `clients.${id}.access`, definitions));
    const rules = access ?? config.partners.get(partner)?.access ?? [];
    if (rules.length > 0 || scopes.every((scope) => scope === 'intake')) continue;
    const text = 'It may ask for resources and no access rule opens any: neither its own nor its partner’s.';
    issues.push(issue('config-invalid', text, { at: `clients.${id}`, severity: 'warning' }));
  }
  return issues;
}

function checkRules(rules: readonly AccessRule[], at: string, definitions: Definitions): Issue[] {
  return rules.flatMap(({ types, elements = [] }, index) => {
    const place = { at: `${at}[${index}]` };
    const named = types.filter((type) => type !== '*');
    const unknown = named.filter((type) => !definitions.resourceTypes.has(type));
    const told = unknown.map((type) => {
      const text = `R4 has no resource type ${type}.${suggestion(type, definitions.resourceTypes)}`;
      return issue('config-invalid', text, place);
    });
    const structures = named.flatMap((type) => definitions.structure(type) ?? []);
    if (structures.length < types.length) return told;
    const missing = elements.filter((name) => !structures.some(({ properties }) => properties.has(name)));
    return [
      ...told,
      ...missing.map((name) => issue('config-invalid', `None of these types has an element ${name}.`, place)),
    ];
  });
}
