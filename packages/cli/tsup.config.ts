import { library } from '../../tsup.base.ts';

export default library({
  entry: {
    index: 'src/index.ts',
    main: 'src/main.ts',
    'train-worker': 'src/train-worker.ts',
    'bench-child': 'src/bench/child.ts',
  },
  platform: 'node',
});
