import { SageMakerEndpoint, SageMakerEndpointDeployment } from '../../events/index.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { onAws, type Route } from '../../shared/runtime/route.ts';
import { bakeProbe } from './bake-probe.ts';
import { latencyProbe } from './latency.ts';
import { goldenProbe, inTurn } from './probe.ts';
import { type TrackEndpointDeps, trackEndpoint } from './track-endpoint.ts';

export interface TrackEndpointRoutesDeps extends Omit<TrackEndpointDeps, 'probe' | 'bakeProbe'> {
  readonly store: ObjectStore;
  /** A steady clock in milliseconds, for latencies. */
  readonly elapsed: () => number;
}

/** What wakes `track-endpoint`: an endpoint whose state changed, or a rollout that came to another stage. */
export const trackEndpointRoutes = ({ store, elapsed, ...deps }: TrackEndpointRoutesDeps): Route[] => {
  const { ledger, sageMaker, publish, stage } = deps;
  const track = trackEndpoint({
    ...deps,
    probe: inTurn(goldenProbe(ledger, store, sageMaker), latencyProbe(ledger, store, sageMaker, elapsed)),
    bakeProbe: bakeProbe({ ledger, store, sageMaker, publish, stage }),
  });
  return [onAws(SageMakerEndpoint, track), onAws(SageMakerEndpointDeployment, track)];
};
