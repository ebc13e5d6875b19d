/** Limits of the `.fqsr` format, so that no file makes a reader allocate or compute without bound. */
export const limits = {
  /** Nodes in a model. */
  nodes: 4096,
  /** Channels of a tensor. */
  channels: 1024,
  /** Weights of all convolutions together; one that several share counts for each. */
  weights: 2 ** 26,
  /** Height and width of a convolution kernel. */
  kernel: 15,
  /** Factor of one pixel shuffle. */
  factor: 8,
  /** Upscaling factor of a model. */
  scale: 16,
  /** Levels of a table. */
  table: 4096,
  /** UTF-16 units in a name of a model, a node or a tensor. */
  name: 256,
} as const;
