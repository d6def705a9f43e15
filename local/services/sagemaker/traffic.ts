import type { Fleet, FleetVariant } from './fleet.ts';

/** A fleet that takes a part of an endpoint's traffic. */
export interface Route {
  readonly fleet: Fleet;
  /** This fleet's share of a variant's traffic, 0 to 1. */
  share(variant: string): number;
}

/** Who answers one invocation. */
export interface Destination {
  readonly fleet: Fleet;
  readonly variant: FleetVariant;
}

/** All traffic to one fleet. */
export const allTo = (fleet: Fleet): readonly Route[] => [{ fleet, share: () => 1 }];

/**
 * Traffic between two fleets of the same variants.
 *
 * @param shareOfNew The new fleet's share of a variant's traffic, 0 to 1.
 */
export const between = (old: Fleet, fresh: Fleet, shareOfNew: (variant: string) => number): readonly Route[] => [
  { fleet: old, share: (variant) => 1 - shareOfNew(variant) },
  { fleet: fresh, share: shareOfNew },
];

/**
 * Chooses who answers: a variant by its weight in its fleet, and a fleet by its share of that variant.
 *
 * @param target The variant the caller asks for: TargetVariant overrides weights (API_runtime_InvokeEndpoint,
 * documented).
 * @param random Draws a number in [0, 1); not drawn where there is nothing to choose.
 * @returns `unknown` when there is no variant of that name, `none` when no variant takes traffic.
 */
export const chooseDestination = (
  routes: readonly Route[],
  target: string | undefined,
  random: () => number,
): Destination | 'unknown' | 'none' => {
  const named = routes.flatMap(({ fleet, share }) => {
    const total = fleet.variants.reduce((sum, { weight }) => sum + weight, 0);
    return fleet.variants
      .filter(({ config }) => target === undefined || config.VariantName === target)
      .map((variant) => {
        const weight = target === undefined ? (total === 0 ? 0 : variant.weight / total) : 1;
        return { fleet, variant, mass: share(variant.config.VariantName) * weight };
      });
  });
  if (target !== undefined && named.length === 0) return 'unknown';
  const candidates = named.filter(({ mass }) => mass > 0);
  const [first] = candidates;
  if (!first) return 'none';
  if (candidates.length === 1) return { fleet: first.fleet, variant: first.variant };
  let point = random() * candidates.reduce((sum, { mass }) => sum + mass, 0);
  for (const { fleet, variant, mass } of candidates) {
    point -= mass;
    if (point < 0) return { fleet, variant };
  }
  // Rounding may leave a rest above 0 behind the last one.
  const last = candidates.at(-1) ?? first;
  return { fleet: last.fleet, variant: last.variant };
};
