import { PartRequestedV1 } from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { type ReadPartDeps, readPart } from './read-part.ts';

/** What wakes `read-part`: a part that is to be read. */
export const readPartRoutes = (deps: ReadPartDeps): Route[] => [on(PartRequestedV1, readPart(deps))];
