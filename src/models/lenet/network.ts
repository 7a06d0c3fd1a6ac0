/**
 * LeNet (LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition") as PyTorch's tutorial for CIFAR-10 has it,
 * with its names: two convolutions of 5 × 5, each rectified and halved by a maximum, and three linear layers; 62 006 parameters for 32 × 32
 * colours and ten classes.
 *
 *     (b, 3, 32, 32) ─conv─▶ 6 × 28 × 28 ─pool─▶ 6 × 14 × 14 ─conv─▶ 16 × 10 × 10 ─pool─▶ 16 × 5 × 5 = 400 ─▶ 120 ─▶ 84 ─▶ 10 logits
 */
import { Conv2d, flatten, Linear, MaxPool2d, Module, type Reach, wholeReach } from '../../nn/index.ts'
import { formatShape, relu, ShapeError, type Tensor } from '../../tensor/index.ts'
import type { LenetConfig } from './config.ts'

/** What a convolution of 5 and a halving leave of an extent. */
const halved = (extent: number) => Math.floor((extent - 4) / 2)

/**
 * @example
 * const model = new LeNet(lenetConfig.parse({ architecture: 'lenet', channels: 1, size: [28, 40], classes: ['cat', 'dog'] }))
 * model.forward(input('images', [4, 1, 28, 40])).shape // [4, 2]
 */
export class LeNet extends Module {
  readonly config: LenetConfig
  readonly conv1: Conv2d
  readonly pool1 = new MaxPool2d(2)
  readonly conv2: Conv2d
  readonly pool2 = new MaxPool2d(2)
  readonly fc1: Linear
  readonly fc2: Linear
  readonly fc3: Linear

  constructor(config: LenetConfig) {
    super()
    this.config = config
    const [height, width] = config.size.map((extent) => halved(halved(extent))) as [number, number]
    this.conv1 = new Conv2d(config.channels, 6, 5)
    this.conv2 = new Conv2d(6, 16, 5)
    this.fc1 = new Linear(16 * height * width, 120)
    this.fc2 = new Linear(120, 84)
    this.fc3 = new Linear(84, config.classes.length)
  }

  /**
   * Logits (b, classes): the softmax is in the loss (`crossEntropy`), or in `Classifier`.
   *
   * @param x pictures (b, channels, height, width), −1…1
   * @throws ShapeError for another shape
   */
  forward(x: Tensor): Tensor {
    const { channels, size } = this.config
    const wanted = [channels, ...size]
    if (x.shape.length !== 4 || wanted.some((extent, i) => x.shape[i + 1] !== extent))
      throw new ShapeError('LeNet', `pictures ${formatShape(x.shape)}; needs (b, ${wanted.join(', ')}): channels, height, width`)
    const maps = this.pool2.forward(relu(this.conv2.forward(this.pool1.forward(relu(this.conv1.forward(x))))))
    return this.fc3.forward(relu(this.fc2.forward(relu(this.fc1.forward(flatten(maps))))))
  }

  /** All of a picture is read. */
  override reach(): Reach {
    return wholeReach
  }
}
