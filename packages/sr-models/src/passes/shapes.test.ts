import { expect, it } from 'vitest';
import { tinyEdsr } from '../../test/networks.js';
import { shapes } from './shapes.js';

it('follows channels and resolution through pixel shuffles', () => {
  const shapeOf = shapes(tinyEdsr({ scale: 4, upsampler: 'shuffle' }));
  expect(shapeOf.get('body.add')).toEqual({ channels: 4, factor: 1 });
  expect(shapeOf.get('up.0.conv')).toEqual({ channels: 16, factor: 1 });
  expect(shapeOf.get('up.0.shuffle')).toEqual({ channels: 4, factor: 2 });
  expect(shapeOf.get('up.1.shuffle')).toEqual({ channels: 4, factor: 4 });
  expect(shapeOf.get('tail')).toEqual({ channels: 3, factor: 4 });
  const direct = shapes(tinyEdsr({ scale: 3 }));
  expect(direct.get('tail')).toEqual({ channels: 27, factor: 1 });
  expect(direct.get('output')).toEqual({ channels: 3, factor: 3 });
});
