import { TemplateError } from './errors.ts';

/**
 * Orders names so that each comes after all it depends on; names that could come either way keep the given order.
 * @throws TemplateError that names the members of a cycle.
 */
export const inOrder = (names: readonly string[], dependencies: ReadonlyMap<string, ReadonlySet<string>>): string[] => {
  const ordered: string[] = [];
  const state = new Map<string, 'visiting' | 'done'>();
  const path: string[] = [];
  const visit = (name: string): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'visiting') {
      const cycle = [...path.slice(path.indexOf(name)), name];
      throw new TemplateError([`circular dependency between resources: ${cycle.join(' -> ')}`]);
    }
    state.set(name, 'visiting');
    path.push(name);
    for (const dependency of dependencies.get(name) ?? []) visit(dependency);
    path.pop();
    state.set(name, 'done');
    ordered.push(name);
  };
  names.forEach(visit);
  return ordered;
};
