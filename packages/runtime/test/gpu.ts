/** The WebGPU of the machine that runs the tests: one for each process, kept as long as it lives. */
import { create } from 'webgpu';

const gpu = create(['enable-dawn-features=disable_workgroup_init']);

/** Whether there is a device to test on; if not, one line on stderr says so. */
export const hasGpu = (await gpu.requestAdapter()) !== null;

if (!hasGpu) process.stderr.write('tests on webgpu are skipped: WebGPU has no adapter here\n');

/** What browsers have as `navigator.gpu`. */
export { gpu };
