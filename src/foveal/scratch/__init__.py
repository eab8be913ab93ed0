"""Networks by hand: layers with their gradients in NumPy, and nothing else.

Every layer has ``forward(x)`` and ``backward(grad)``: the loss's gradient with respect to the output goes in, that with
respect to ``x`` comes out, and those of the layer's own parameters are left in ``parameter.grad``. A layer remembers
its last ``forward``, so the two are called in turn.

Shapes: B batch, C channels, H W height and width, K kernel size.
"""

from foveal.scratch.activations import LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from foveal.scratch.conv import Conv2d
from foveal.scratch.layer import Layer, Parameter, Sequential
from foveal.scratch.linear import Flatten, Linear, Perceptron
from foveal.scratch.loss import SoftmaxCrossEntropy, softmax
from foveal.scratch.normalize import BatchNorm, Dropout
from foveal.scratch.optim import SGD, Adam
from foveal.scratch.pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from foveal.scratch.recurrent import GRU, LSTM, RNN
from foveal.scratch.windows import SizeError, output_size

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adam",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2d",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Maxout",
    "Parameter",
    "Perceptron",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SizeError",
    "SoftmaxCrossEntropy",
    "Tanh",
    "output_size",
    "softmax",
]
