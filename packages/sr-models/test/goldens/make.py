"""Makes the checkpoints of this folder and what PyTorch computes with them.

pip install torch==1.13.1 'numpy<2' safetensors; python make.py

Each network has a fixed seed, four channels and two blocks. `<name>.out.safetensors` holds a small image (bytes, HWC) and PyTorch's float output for it
(HWC, in grey levels, not clamped); and a wider image with the middle of its output, of which no pixel sees the border.
"""

import argparse
import math
from collections import OrderedDict

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F_

F = 4
HEIGHT, WIDTH = 7, 9
# Low-resolution pixels between the border and the middle of the wide image.
FAR = 10
MEAN = (0.4488, 0.4371, 0.4040)


def image(height, width):
    generator = torch.Generator().manual_seed(5)
    return torch.randint(0, 256, (1, 3, height, width), generator=generator).float()


def conv(inputs, outputs, size=3, bias=True):
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias)


class Shift(nn.Conv2d):
    def __init__(self, white, sign):
        super().__init__(3, 3, kernel_size=1)
        self.weight.data = torch.eye(3).view(3, 3, 1, 1)
        self.bias.data = sign * white * torch.tensor(MEAN)


class EdsrBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(F, F), nn.ReLU(), conv(F, F))

    def forward(self, x):
        return x + self.body(x)


class Edsr(nn.Module):
    """Tensors named as in EDSR-PyTorch."""

    def __init__(self, scale, blocks=2, white=255):
        super().__init__()
        self.sub_mean = Shift(white, -1)
        self.add_mean = Shift(white, 1)
        self.head = nn.Sequential(conv(3, F))
        self.body = nn.Sequential(*[EdsrBlock() for _ in range(blocks)], conv(F, F))
        factors = {2: [2], 3: [3], 4: [2, 2]}[scale]
        up = [layer for f in factors for layer in (conv(F, F * f * f), nn.PixelShuffle(f))]
        self.tail = nn.Sequential(nn.Sequential(*up), conv(F, 3))

    def forward(self, x):
        x = self.head(self.sub_mean(x))
        return self.add_mean(self.tail(x + self.body(x)))


class SrresnetBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv(F, F, bias=False)
        self.bn1 = nn.BatchNorm2d(F)
        self.relu = nn.LeakyReLU(0.2)
        self.conv2 = conv(F, F, bias=False)
        self.bn2 = nn.BatchNorm2d(F)

    def forward(self, x):
        return x + self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))


class Srresnet(nn.Module):
    """Tensors named as in pytorch-SRResNet: leaky ReLUs, batch normalisation, no biases, images from 0 to 1."""

    def __init__(self):
        super().__init__()
        self.conv_input = conv(3, F, 9, bias=False)
        self.relu = nn.LeakyReLU(0.2)
        self.residual = nn.Sequential(SrresnetBlock(), SrresnetBlock())
        self.conv_mid = conv(F, F, bias=False)
        self.bn_mid = nn.BatchNorm2d(F)
        up = lambda: [conv(F, 4 * F, bias=False), nn.PixelShuffle(2), nn.LeakyReLU(0.2)]
        self.upscale4x = nn.Sequential(*up(), *up())
        self.conv_output = conv(F, 3, 9, bias=False)

    def forward(self, x):
        x = self.relu(self.conv_input(x))
        return self.conv_output(self.upscale4x(x + self.bn_mid(self.conv_mid(self.residual(x)))))


class GeneratorBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv(F, F)
        self.bn1 = nn.BatchNorm2d(F)
        self.prelu = nn.PReLU()
        self.conv2 = conv(F, F)
        self.bn2 = nn.BatchNorm2d(F)

    def forward(self, x):
        return x + self.bn2(self.conv2(self.prelu(self.bn1(self.conv1(x)))))


class Upsampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = conv(F, 4 * F)
        self.shuffle = nn.PixelShuffle(2)
        self.prelu = nn.PReLU()

    def forward(self, x):
        return self.prelu(self.shuffle(self.conv(x)))


class Generator(nn.Module):
    """Tensors named as in leftthomas/SRGAN, with two residual blocks."""

    def __init__(self):
        super().__init__()
        self.block1 = nn.Sequential(conv(3, F, 9), nn.PReLU())
        self.block2 = GeneratorBlock()
        self.block3 = GeneratorBlock()
        self.block4 = nn.Sequential(conv(F, F), nn.BatchNorm2d(F))
        self.block5 = nn.Sequential(Upsampler(), conv(F, 3, 9))

    def forward(self, x):
        first = self.block1(x)
        x = first + self.block4(self.block3(self.block2(first)))
        return (torch.tanh(self.block5(x)) + 1) / 2


class PlainBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv(F, F)
        self.conv2 = conv(F, F)

    def forward(self, x):
        return x + self.conv2(torch.relu(self.conv1(x)))


class Msrresnet(nn.Module):
    """Tensors named as in BasicSR's MSRResNet."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv_first = conv(3, F)
        self.body = nn.Sequential(PlainBlock(), PlainBlock())
        factor = 2 if scale == 4 else scale
        self.upconv1 = conv(F, F * factor * factor)
        if scale == 4:
            self.upconv2 = conv(F, F * 4)
        self.shuffle = nn.PixelShuffle(factor)
        self.conv_hr = conv(F, F)
        self.conv_last = conv(F, 3)
        self.lrelu = nn.LeakyReLU(0.1)

    def forward(self, x):
        out = self.body(self.lrelu(self.conv_first(x)))
        out = self.lrelu(self.shuffle(self.upconv1(out)))
        if self.scale == 4:
            out = self.lrelu(self.shuffle(self.upconv2(out)))
        out = self.conv_last(self.lrelu(self.conv_hr(out)))
        return out + F_.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)


def seeded(make, seed):
    torch.manual_seed(seed)
    network = make()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.2, 0.4)
    return network.eval()


def run(network, name, white):
    small, wide = image(HEIGHT, WIDTH), image(2 * FAR + 3, 2 * FAR + 4)
    with torch.no_grad():
        output, far = (network(x * (white / 255)) * (255 / white) for x in (small, wide))
    edge = FAR * output.shape[2] // HEIGHT
    hwc = lambda x: x[0].permute(1, 2, 0).contiguous()
    tensors = {"image": hwc(small).byte(), "output": hwc(output)}
    tensors |= {"wide": hwc(wide).byte(), "middle": hwc(far[:, :, edge:-edge, edge:-edge])}
    save_file(tensors, f"{name}.out.safetensors")


def basicsr_names(state):
    """The weights of an EDSR by BasicSR's names; the mean is no tensor there."""
    blocks = max(int(key.split(".")[1]) for key in state if key.startswith("body."))
    names = {"head.0": "conv_first", f"body.{blocks}": "conv_after_body", "tail.1": "conv_last"}
    for i in range(blocks):
        names |= {f"body.{i}.body.0": f"body.{i}.conv1", f"body.{i}.body.2": f"body.{i}.conv2"}
    for i in (0, 2):
        names |= {f"tail.0.{i}": f"upsample.{i}"}
    parts = lambda key: key.rsplit(".", 1)
    return OrderedDict((f"{names[parts(k)[0]]}.{parts(k)[1]}", v) for k, v in state.items() if "mean" not in k)


def main():
    for scale in (2, 3, 4):
        network = seeded(lambda: Edsr(scale), scale)
        run(network, f"edsr-x{scale}", 255)
        state = network.state_dict()
        if scale == 2:
            # The containers and element types, all of one network.
            torch.save(state, "edsr-x2.zip.pt")
            torch.save(state, "edsr-x2.legacy.pt", _use_new_zipfile_serialization=False)
            parameters = OrderedDict((f"module.{key}", value) for key, value in network.named_parameters())
            torch.save({"epoch": 3, "state_dict": parameters, "best": 31.5}, "edsr-x2.parameters.pth")
            for suffix, dtype in (("f64", torch.float64), ("f16", torch.float16), ("bf16", torch.bfloat16)):
                typed = OrderedDict((key, value.to(dtype)) for key, value in state.items())
                torch.save(typed, f"edsr-x2.{suffix}.pt")
                if dtype != torch.float64:
                    save_file(typed, f"edsr-x2.{suffix}.safetensors")
            # One storage for all, and every weight a transposed view into it.
            flat = torch.cat([value.transpose(0, -1).reshape(-1) for value in state.values()])
            views, offset = OrderedDict(), 0
            for key, value in state.items():
                turned = value.transpose(0, -1).shape
                views[key] = flat[offset : offset + value.numel()].view(turned).transpose(0, -1)
                offset += value.numel()
            assert all(torch.equal(views[key], state[key]) for key in state)
            torch.save(views, "edsr-x2.views.pt")
            torch.save(views, "edsr-x2.views-legacy.pt", _use_new_zipfile_serialization=False)
            # What must be refused: code, and a whole module.
            torch.save({"args": argparse.Namespace(scale=2), "state_dict": state}, "refused-namespace.pt")
            torch.save(network.head[0], "refused-module.pt")
            torch.jit.script(network.head[0]).save("refused-torchscript.pt")
        else:
            torch.save(state, f"edsr-x{scale}.zip.pt")
        if scale == 4:
            torch.save({"params_ema": basicsr_names(state)}, "basicsr-x4.pth")
    unit = seeded(lambda: Edsr(2, white=1), 11)
    run(unit, "edsr-unit-x2", 1)
    torch.save(unit.state_dict(), "edsr-unit-x2.zip.pt")
    srresnet = seeded(Srresnet, 12)
    run(srresnet, "srresnet-x4", 1)
    torch.save(srresnet.state_dict(), "srresnet-x4.zip.pt")
    generator = seeded(Generator, 13)
    run(generator, "srgan-x2", 1)
    torch.save(generator.state_dict(), "srgan-x2.zip.pt")
    for scale in (2, 3, 4):
        plain = seeded(lambda: Msrresnet(scale), 13 + scale)
        run(plain, f"msrresnet-x{scale}", 1)
        torch.save({"params": plain.state_dict()}, f"msrresnet-x{scale}.pth")
    assert math.isclose(sum(MEAN), 1.2899)


main()
