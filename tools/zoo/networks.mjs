/**
 * The networks of the zoo, trained from scratch by this project on photographs and generated images, never from weights of others. Each has a recipe of `fqsr train` for the float network, and for each plan options of
 * `fqsr quantize` and, where that is not enough, a recipe that goes on from there. `from` names the network whose float weights are where the float recipe starts.
 */

/** The photographs, of the shared data, and as many generated images of about their size: a patch is from either equally often. */
export const photographs = 'BSD400';
export const generated = 'dead-leaves:400:384:1';

/** Options of `fqsr quantize` that all share. */
const quantize = ['--patches', '256', '--patch-size', '16', '--seed', '1'];
const eight = {
  quantize: [...quantize, '--plan', 'w8a8s8-channel', '--rotation', 'hadamard', '--reconstruction', 'block'],
};
/** Four bits, of a network that adds to a bilinear enlargement of the image. */
const four = [...quantize, '--plan', 'w4a4s8', '--rotation', 'balanced', '--reconstruction', 'none'];

/** A network that its float recipe trained behind an enlargement. */
const behindEnlargement = (recipe) => ({
  recipe,
  plans: { w8a8s8: eight, w4a4s8: { quantize: four, recipe: `${recipe}-w4a4s8` } },
});

/** By name: recipes are `packages/cli/recipes/NAME.json`. */
export const networks = {
  'edsr-f32b5-x2': behindEnlargement('edsr-f32b5-x2-zoo'),
  'edsr-f32b5-x4': behindEnlargement('edsr-f32b5-x4-zoo'),
  'edsr-f48b8-x2': behindEnlargement('edsr-f48b8-x2-zoo'),
  'edsr-f48b8-x4': behindEnlargement('edsr-f48b8-x4-zoo'),
  'srresnet-f32b4-x4': behindEnlargement('srresnet-f32b4-x4-zoo'),
  // As in the paper, the generator is an SRResNet trained on.
  'srgan-f32b4-x4': { ...behindEnlargement('srgan-f32b4-x4-zoo'), from: 'srresnet-f32b4-x4' },
};
