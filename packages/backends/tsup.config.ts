import { library } from '../../tsup.base.ts';

export default library({
  entry: {
    index: 'src/index.ts',
    conformance: 'src/conformance/index.ts',
    pool: 'src/pool.ts',
    testing: 'src/testing.ts',
  },
});
