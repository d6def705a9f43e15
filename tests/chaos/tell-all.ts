/** A story, and everything that can go wrong once in it. */
import { judge } from './judgement.ts';
import { casesOf, tellCleanly, tellWith } from './single-fault.ts';
import type { Story } from './stories.ts';

/**
 * `CHAOS=all`: everything that leaves a state of its own. `CHAOS=literally`: also every crash that leaves the same as
 * another. By default every so-manieth case of each story: all of them take some minutes.
 */
const SCOPE = process.env.CHAOS ?? 'some';

if (!['some', 'all', 'literally'].includes(SCOPE)) throw new Error(`CHAOS is some, all or literally, not ${SCOPE}`);

export interface Verdict {
  /** How many things went wrong, each in a world of its own. */
  readonly cases: number;
  /** Of so many there are. */
  readonly of: number;
  /** The events that may be lost, each as `type to step`. */
  readonly events: readonly string[];
  /** By the fault's name: how what came of it is wrong. */
  readonly wrong: Readonly<Record<string, readonly string[]>>;
  readonly ends: readonly (string | undefined)[];
}

/**
 * Tells a story once cleanly and once with each single fault.
 * @param oneIn Every so-manieth case where not all are told.
 */
export const tellAll = async (story: Story, oneIn: number): Promise<Verdict> => {
  const clean = await tellCleanly(story);
  const all = casesOf(clean, SCOPE === 'literally');
  const cases = SCOPE === 'some' ? all.filter((_, place) => place % oneIn === all.length % oneIn) : all;
  const wrong: Record<string, string[]> = {};
  for (const { name, fault } of cases) {
    const found = judge(fault, clean.told, await tellWith(story, fault, clean.told));
    if (found.length > 0) wrong[name] = found;
  }
  console.info(`${story.name}: ${cases.length} of ${all.length} single faults`);
  const events = all.flatMap(({ name }) => {
    const [, type, step] = /^(.+) \d+ to (?:.*-dev-)?(.+) is lost$/.exec(name) ?? [];
    return type && step ? [`${type} to ${step}`] : [];
  });
  return { cases: cases.length, of: all.length, events, wrong, ends: clean.told.state.ends };
};
