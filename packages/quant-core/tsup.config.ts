import { library } from '../../tsup.base.ts';

export default library({
  entry: { index: 'src/index.ts', spec: 'src/spec.ts', registry: 'src/registry.ts', layers: 'src/layers/index.ts' },
});
