/** Every operation that is served, by what AWS answers: stories of `cases/`, through the AWS SDK over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { servedOperations } from '../../local/requests/served.ts';
import { type LocalPlace, startLocalPlace } from './cases/local-place.ts';
import { givensOf, tellerAt } from './cases/run-story.ts';
import { sdkClient } from './cases/sdk-client.ts';
import { readStories, SERVICES } from './cases/story.ts';

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

let place: LocalPlace;
let client: ReturnType<typeof sdkClient>;
beforeAll(async () => {
  place = await startLocalPlace();
  client = sdkClient({ region: place.cloud.region, endpoint: place.cloud.url, credentials: CREDENTIALS }, () =>
    place.cloud.clock.now(),
  );
});
afterAll(async () => {
  client.close();
  await place.close();
});

describe.each(SERVICES)('the operations of %s', (service) => {
  const stories = readStories(service);

  it.each(stories.map((story, index) => ({ story, index, title: story.story })))('$title', async ({ story, index }) => {
    const { failures, left } = await tellerAt({ ...place, client }).tell(story, `${service}-${index}`);

    expect(failures).toEqual([]);
    expect(left).toEqual([]);
  });

  it('each have a case that succeeds and one that is refused', () => {
    const [, operations = []] = servedOperations().find(([scope]) => scope === service) ?? [];
    const cases = stories.flatMap((story) => story.cases).filter((each) => each.service === undefined);

    const without = (end: 'answer' | 'refused') =>
      operations.filter((name) => !cases.some((each) => each.operation === name && each[end] !== undefined));

    expect(operations.length).toBeGreaterThan(0);
    expect({ success: without('answer'), refusal: without('refused') }).toEqual({ success: [], refusal: [] });
  });

  it('are all served: no case is about another', () => {
    const [, operations = []] = servedOperations().find(([scope]) => scope === service) ?? [];
    const asked = new Set(
      stories.flatMap((story) =>
        story.cases.filter((each) => each.service === undefined).map((each) => each.operation),
      ),
    );

    expect([...asked].filter((name) => !operations.includes(name))).toEqual([]);
  });
});

describe('the stories', () => {
  it('are there for every service that is served', () => {
    expect(
      servedOperations()
        .map(([scope]) => scope)
        .sort(),
    ).toEqual([...SERVICES].sort());
  });

  it('need nothing but what the places they are told at give', () => {
    const needed = new Set(SERVICES.flatMap((service) => readStories(service).flatMap(givensOf)));

    expect([...needed].filter((name) => !(name in place.givens))).toEqual([]);
  });
});
