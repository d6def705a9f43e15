/**
 * A vitest that stays up for a copy of the project, in a process of its own: started once, it runs the tests it is asked
 * to run as often as it is asked, and reads anew only what was changed between.
 */
import { join } from 'node:path';

import { createVitest, type TestModule, type TestSpecification } from 'vitest/node';

import { type Answered, type Asked, askedSchema } from './asking.ts';

const [root = ''] = process.argv.slice(2);
// Without a reporter: red tests are what most runs are for.
const vitest = await createVitest('test', { root, watch: false, maxWorkers: 1, reporters: [{}] });

const escaped = (title: string) => title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const specificationsOf = (file: string): TestSpecification[] =>
  vitest.projects
    .filter((project) => project.matchesTestGlob(file))
    .map((project) => project.createSpecification(file));

const told = (module: TestModule): Answered =>
  [...module.children.allTests()].flatMap((test) => {
    const { state } = test.result();
    return state === 'passed' || state === 'failed' ? [[test.fullName, state] as const satisfies Answered[number]] : [];
  });

const answer = async ({ files, titles, changed }: Asked): Promise<Answered> => {
  for (const file of changed) vitest.invalidateFile(join(root, file));
  vitest.setGlobalTestNamePattern(new RegExp(`^(${titles.map(escaped).join('|')})$`));
  const asked = files.map((file) => join(root, file));
  const { testModules } = await vitest.runTestSpecifications(asked.flatMap(specificationsOf));
  return testModules.filter(({ moduleId }) => asked.includes(moduleId)).flatMap(told);
};

process.on('message', (message) => {
  answer(askedSchema.parse(message)).then(
    (answered) => process.send?.(answered),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => vitest.exit(true));
// It is up.
process.send?.([]);
