/**
 * Arithmetic, comparisons and logic of two tensors, broadcast or not, `Prelu` and `Select`. Every value equals that of TF.js's cpu backend bit for bit
 * (so `maximum` and `minimum` give NaN where either operand is NaN, which TF.js's WASM backend does for the first only).
 */
import {
  Add,
  backend_util,
  Equal,
  Greater,
  GreaterEqual,
  type KernelConfig,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  Maximum,
  Minimum,
  Multiply,
  NotEqual,
  Prelu,
  RealDiv,
  Select,
  Sub,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs';
import { type ElementwiseName, elementwiseName } from './elementwise.js';
import { addressOf, type Heap } from './heap.js';
import { runBroadcast } from './run-broadcast.js';

const bytesOf = { float32: 4, bool: 1 } as const;

/** A kernel of two `from` tensors, called `operands` by TF.js; `original` does other types. */
const binaryKernel =
  (
    kernelName: string,
    name: ElementwiseName,
    from: 'float32' | 'bool',
    to: 'float32' | 'bool',
    [left, right]: readonly [string, string] = ['a', 'b'],
  ) =>
  (heap: Heap, original: KernelConfig): KernelConfig => ({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {} }) => {
      const [a, b] = [inputs[left] as TensorInfo, inputs[right] as TensorInfo];
      const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
      if (a.dtype !== from || b.dtype !== from || util.sizeFromShape(shape) === 0) {
        return original.kernelFunc({ inputs, attrs, backend: heap.backend });
      }
      const out = heap.backend.makeOutput(shape, to);
      runBroadcast(heap, name, [a, b], bytesOf[from], out, bytesOf[to]);
      return out;
    },
  });

const arithmetic = (kernelName: string, name: ElementwiseName) => binaryKernel(kernelName, name, 'float32', 'float32');
const comparison = (kernelName: string, name: ElementwiseName) => binaryKernel(kernelName, name, 'float32', 'bool');
const logic = (kernelName: string, name: ElementwiseName) => binaryKernel(kernelName, name, 'bool', 'bool');

/** `condition ? t : e` for tensors of one shape. */
const select = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: Select,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { condition, t, e } = inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo };
    const size = util.sizeFromShape(t.shape);
    const isPlain = t.dtype === 'float32' && e.dtype === 'float32' && condition.dtype === 'bool';
    if (!isPlain || size === 0 || !util.arraysEqual(condition.shape, t.shape)) {
      return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    }
    const out = heap.backend.makeOutput(t.shape, 'float32');
    heap.call(elementwiseName('select', ['vector', 'vector', 'vector']))(
      ...[addressOf(heap, out), 0, 1, size],
      ...[condition, t, e].flatMap((tensor) => [addressOf(heap, tensor), 0]),
    );
    return out;
  },
});

/** The kernels of this file by TF.js's name. */
export const binaryKernels = {
  [Add]: arithmetic(Add, 'add'),
  [Sub]: arithmetic(Sub, 'sub'),
  [Multiply]: arithmetic(Multiply, 'mul'),
  [RealDiv]: arithmetic(RealDiv, 'div'),
  [Maximum]: arithmetic(Maximum, 'max'),
  [Minimum]: arithmetic(Minimum, 'min'),
  [Equal]: comparison(Equal, 'equal'),
  [NotEqual]: comparison(NotEqual, 'notEqual'),
  [Less]: comparison(Less, 'less'),
  [LessEqual]: comparison(LessEqual, 'lessEqual'),
  [Greater]: comparison(Greater, 'greater'),
  [GreaterEqual]: comparison(GreaterEqual, 'greaterEqual'),
  [LogicalAnd]: logic(LogicalAnd, 'and'),
  [LogicalOr]: logic(LogicalOr, 'or'),
  // TF.js's reads beyond slopes that are not one for each channel, and loses NaN.
  [Prelu]: binaryKernel(Prelu, 'prelu', 'float32', 'float32', ['x', 'alpha']),
  [Select]: select,
};
