import type { CommandEntry } from '../command.js';

/**
 * All commands, in the order of the help, below the headings that a newcomer looks for. The file of a command is read when it is asked for: TensorFlow.js takes longer to read than a small image takes to upscale.
 */
export const commandGroups = {
  'Try it:': [
    {
      name: 'demo',
      summary:
        'Train a small network in float and in W4A4S8, prove it, export it, and upscale a photograph with integers alone',
      load: async () => (await import('./demo.js')).demoCommand,
    },
    {
      name: 'upscale',
      summary: 'Upscale images with a model: files, folders, patterns, or a pipe',
      load: async () => (await import('./upscale.js')).upscaleCommand,
    },
    {
      name: 'zoo',
      summary: 'List the networks that come along, with what was measured of them',
      load: async () => (await import('./zoo.js')).zooCommand,
    },
    {
      name: 'serve',
      summary: 'Open a page that upscales in the browser, offline, and shows training runs',
      load: async () => (await import('./serve.js')).serveCommand,
    },
  ],
  'Make a model:': [
    {
      name: 'train',
      summary: 'Train a network, in float or quantization-aware, in a folder that resumes',
      load: async () => (await import('./train.js')).trainCommand,
    },
    {
      name: 'import',
      summary: 'Turn a PyTorch checkpoint (.pt, .pth, .safetensors) into a float checkpoint; nothing of it is executed',
      load: async () => (await import('./import.js')).importCommand,
    },
    {
      name: 'quantize',
      summary:
        'Quantize a float checkpoint without training it: calibrate, learn roundings region by region, correct biases',
      load: async () => (await import('./quantize.js')).quantizeCommand,
    },
    {
      name: 'correct',
      summary: "Match contrast and brightness of a quantized checkpoint's images to its float network's, at no cost",
      load: async () => (await import('./correct.js')).correctCommand,
    },
    {
      name: 'sensitivity',
      summary: 'Measure what each tensor loses at few bits, and write a mixed-precision plan under a budget',
      load: async () => (await import('./sensitivity.js')).sensitivityCommand,
    },
    {
      name: 'export',
      summary:
        'Write a quantized checkpoint as an integer model or as ONNX, or a float one as ONNX or for TensorFlow.js, verified before it is written',
      load: async () => (await import('./export.js')).exportCommand,
    },
  ],
  'Measure a model:': [
    {
      name: 'eval',
      summary: 'Measure a model, or bicubic, on a data set',
      load: async () => (await import('./eval.js')).evalCommand,
    },
    {
      name: 'report',
      summary: 'Show training runs, finished or not, in one HTML file',
      load: async () => (await import('./report.js')).reportCommand,
    },
    {
      name: 'info',
      summary: 'Show what a model costs, and on which grid each of its tensors lives',
      load: async () => (await import('./info.js')).infoCommand,
    },
    {
      name: 'bench',
      summary: 'Measure the speed of a model, against other engines on the same network',
      load: async () => (await import('./bench.js')).benchCommand,
    },
  ],
  'Data and this machine:': [
    {
      name: 'datasets',
      summary: 'List data sets, fetch one from the network, or make one',
      load: async () => (await import('./datasets.js')).datasetsCommand,
    },
    {
      name: 'doctor',
      summary: 'Check the backends, the GPU and the speed of this machine',
      load: async () => (await import('./doctor.js')).doctorCommand,
    },
    {
      name: 'completion',
      summary: 'Print a script that completes commands and options in your shell',
      load: async () => (await import('./completion.js')).completionCommand,
    },
  ],
} satisfies Readonly<Record<string, readonly CommandEntry[]>>;

/** All commands. */
export const commands: readonly CommandEntry[] = Object.values<readonly CommandEntry[]>(commandGroups).flat();
