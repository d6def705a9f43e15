import { describe, expect, it } from 'vitest';
import type { Fleet, FleetVariant } from '../../../local/services/sagemaker/fleet.ts';
import { allTo, between, chooseDestination } from '../../../local/services/sagemaker/traffic.ts';
import fc from '../../fast-check.ts';

const model: FleetVariant['model'] = {
  name: 'model',
  arn: 'arn',
  creationMs: 0,
  given: {},
  roleArn: 'role',
  imageUri: 'image',
  environment: {},
  networkIsolation: false,
};
const absent = () => Promise.reject(new Error('there is no container'));

/** A fleet that nobody invokes: names and weights alone decide. */
const fleetOf = (name: string, weights: Record<string, number>): Fleet => {
  const variants = Object.entries(weights).map(
    ([VariantName, weight]): FleetVariant => ({
      config: {
        VariantName,
        ModelName: model.name,
        InitialInstanceCount: 1,
        InstanceType: 'ml.m5.large',
        InitialVariantWeight: weight,
        ServerlessConfig: undefined,
        VolumeSizeInGB: undefined,
        ModelDataDownloadTimeoutInSeconds: undefined,
        ContainerStartupHealthCheckTimeoutInSeconds: undefined,
        RoutingConfig: undefined,
      },
      model,
      weight,
      instanceCount: 1,
      runningCount: 1,
      serverless: undefined,
      container: absent,
    }),
  );
  return {
    config: {
      name,
      arn: 'arn',
      creationMs: 0,
      given: {},
      variants: variants.map(({ config }) => config),
      capture: undefined,
      serverless: false,
    },
    variants,
    scale: () => undefined,
    busy: () => 0,
    during: absent,
    drain: absent,
    stop: absent,
  };
};
const old = fleetOf('old', { Blue: 3, Green: 1 });
const fresh = fleetOf('fresh', { Blue: 3, Green: 1 });

const shares = (routes: ReturnType<typeof between>, target?: string) => {
  const counts = new Map<string, number>();
  const draws = 4000;
  for (let i = 0; i < draws; i++) {
    const found = chooseDestination(routes, target, () => (i + 0.5) / draws);
    const name = typeof found === 'string' ? found : `${found.fleet.config.name} ${found.variant.config.VariantName}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].map(([name, count]) => [name, count / draws]));
};

describe('traffic', () => {
  it('goes to variants by their weights, and to fleets by their shares', () => {
    expect(shares(between(old, fresh, () => 0.2))).toEqual({
      'old Blue': 0.6,
      'old Green': 0.2,
      'fresh Blue': 0.15,
      'fresh Green': 0.05,
    });
  });

  it('goes to the variant a caller asks for, by the shares of the fleets alone', () => {
    expect(
      shares(
        between(old, fresh, () => 0.2),
        'Green',
      ),
    ).toEqual({ 'old Green': 0.8, 'fresh Green': 0.2 });
  });

  it('has nowhere to go when no variant has the name, or none has weight', () => {
    expect(chooseDestination(allTo(old), 'Red', () => 0)).toBe('unknown');
    expect(chooseDestination(allTo(fleetOf('idle', { Blue: 0 })), undefined, () => 0)).toBe('none');
  });

  it('draws no number where there is one to answer', () => {
    const draw = () => {
      throw new Error('drawn');
    };

    expect(chooseDestination(allTo(fleetOf('one', { Blue: 1 })), undefined, draw)).toMatchObject({
      fleet: { config: { name: 'one' } },
    });
  });

  it('always finds one who answers while anybody has weight', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (share, point) => {
          const found = chooseDestination(
            between(old, fresh, () => share),
            undefined,
            () => Math.min(point, 1 - 2 ** -53),
          );

          expect(typeof found).toBe('object');
        },
      ),
    );
  });
});
