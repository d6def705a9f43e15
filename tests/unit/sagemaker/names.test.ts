import { describe, expect, it } from 'vitest';
import { InvalidEventError } from '../../../shared/errors.ts';
import {
  endpointName,
  modelOfEndpoint,
  packageGroup,
  parseRunName,
  type Role,
  runIdOf,
  runName,
} from '../../../shared/sagemaker/names.ts';
import { packageDescription, parsePackageDescription } from '../../../shared/sagemaker/package-description.ts';
import fc from '../../fast-check.ts';

const stage = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const model = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4}){0,2}$/);
const time = fc.date({ min: new Date('2001-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
const role: fc.Arbitrary<Role> = fc.oneof(
  fc.constantFrom<Role>('cand', 'champ', 'cfg'),
  fc.integer({ min: 1, max: 999_999 }).map((n): Role => `try${n}`),
);
/** What SageMaker takes for the name of a job, model, configuration or endpoint. Source: CreateTrainingJob. */
const VALID = /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/;

describe('a run’s name', () => {
  it('is taken apart into what it was made of, and SageMaker takes it', () => {
    fc.assert(
      fc.property(stage, model, time, fc.string(), role, (inStage, ofModel, at, about, as) => {
        const run = runIdOf(inStage, ofModel, at, about);
        const name = runName(inStage, ofModel, run, as);

        expect(name).toMatch(VALID);
        expect(parseRunName(inStage, name)).toEqual({ model: ofModel, run, role: as });
      }),
    );
  });

  it('fits at the longest of everything, and is refused beyond', () => {
    const run = runIdOf('a'.repeat(10), 'm'.repeat(19), new Date('2001-02-01'), '');

    expect(runName('a'.repeat(10), 'm'.repeat(19), run, 'try999999')).toHaveLength(63);
    expect(() => runName('a'.repeat(10), 'm'.repeat(20), run, 'try999999')).toThrow(InvalidEventError);
  });

  it('is none of another stage’s', () => {
    fc.assert(
      fc.property(stage, stage, model, (one, other, ofModel) => {
        fc.pre(one !== other);
        const name = runName(one, ofModel, runIdOf(one, ofModel, new Date('2001-02-01'), ''), 'cand');
        expect(parseRunName(other, name)).toBeUndefined();
      }),
    );
  });

  it.each([
    '',
    'mr-dev-',
    'mr-dev-late-bus',
    'mr-dev-late-bus-20010201-0123456789',
    'mr-dev-late-bus-20010201-012345678g-cand',
  ])('is not %j', (name) => {
    expect(parseRunName('dev', name)).toBeUndefined();
  });
});

describe('a run’s id', () => {
  it('is that of the UTC day of the trigger', () => {
    expect(runIdOf('dev', 'late-bus', new Date('2001-01-31T23:59:59.999Z'), 'x')).toMatch(/^20010131-[0-9a-f]{10}$/);
    expect(runIdOf('dev', 'late-bus', new Date('2001-02-01T00:00:00+02:00'), 'x')).toMatch(/^20010131-/);
  });

  it('is the same for the same, and another for another stage, model or decision', () => {
    const at = new Date('2001-02-01');
    const ids = [
      runIdOf('dev', 'late-bus', at, 'x'),
      runIdOf('prod', 'late-bus', at, 'x'),
      runIdOf('dev', 'late-tram', at, 'x'),
      runIdOf('dev', 'late-bus', at, 'y'),
    ];

    expect(runIdOf('dev', 'late-bus', at, 'x')).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
  });
});

describe('an endpoint’s name', () => {
  it('says whose it is', () => {
    fc.assert(
      fc.property(
        stage,
        model,
        fc.string(),
        fc.constantFrom('instance' as const, 'serverless' as const),
        (in_, of, digest, kind) => {
          const name = endpointName(in_, of, digest, kind);
          expect(name).toMatch(VALID);
          expect(modelOfEndpoint(in_, name)).toBe(of);
        },
      ),
    );
  });

  it('is another for another input, and for another kind', () => {
    const names = [
      endpointName('dev', 'late-bus', 'a', 'instance'),
      endpointName('dev', 'late-bus', 'b', 'instance'),
      endpointName('dev', 'late-bus', 'a', 'serverless'),
    ];

    expect(new Set(names).size).toBe(3);
    expect(modelOfEndpoint('prod', names[0] ?? '')).toBeUndefined();
    expect(modelOfEndpoint('dev', 'mr-dev-late-bus')).toBeUndefined();
  });

  it('of the group is the model’s', () => {
    expect(packageGroup('dev', 'late-bus')).toBe('mr-dev-late-bus');
  });
});

describe('a version’s description', () => {
  it('says which run of which model it came from', () => {
    fc.assert(
      fc.property(model, time, (of, at) => {
        const run = runIdOf('dev', of, at, '');
        expect(parsePackageDescription(packageDescription(of, run))).toEqual({ model: of, run });
      }),
    );
  });

  it.each([undefined, '', 'our own', 'Millrace run x of y', 'Millrace run 20010201-0123456789 of late-bus, edited'])(
    'is somebody else’s when it is %j',
    (description) => {
      expect(parsePackageDescription(description)).toBeUndefined();
    },
  );
});
