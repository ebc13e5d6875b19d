import { oneProcess } from '../../vitest.base.ts';

export default oneProcess;
