/** The image that learns: a process for each training and each endpoint, for stories whose end depends on the data. */
import { defaultImages } from '../../local/containers/images.ts';
import type { ContainerImage } from '../../local/contracts.ts';

const [first] = defaultImages;
if (!first) throw new Error('the local cloud has no container image of its own');

export const trainingImage: ContainerImage = first;
