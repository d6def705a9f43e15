import { expect, it } from 'vitest';
import { pythonFloat } from '../../../local/containers/xgboost/prediction-text.ts';
import { shortestFloat32, xgboostFloat } from '../../../shared/xgboost/float-text.ts';
import fc from '../../fast-check.ts';

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

it('prints every float32 so that it reads back the same, always as a real', () => {
  fc.assert(
    fc.property(float32, (value) => {
      const text = xgboostFloat(value);
      expect(text).toMatch(/^-?\d(\.\d+)?E-?\d+$/);
      expect(Object.is(Math.fround(Number(text)), value)).toBe(true);
    }),
  );
});

it.each([
  [481, '4.81E2'],
  [0, '0E0'],
  [0.3, '3E-1'],
  [-1.5e-10, '-1.5E-10'],
  [16777216, '1.6777216E7'],
])('prints %s as XGBoost does', (value, text) => {
  expect(xgboostFloat(Math.fround(value))).toBe(text);
});

it.each([
  [0.1, '0.1'],
  [1, '1.0'],
  [0, '0.0'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1.5e-10, '1.5e-10'],
  [1e16, '1e+16'],
  [123456789, '123456790.0'],
])('prints the float32 next to %s as Python does', (value, text) => {
  expect(pythonFloat(shortestFloat32(Math.fround(value)))).toBe(text);
});
