"""Foveal's own networks, and the classic ones with their papers.

Published errors are those of one model on ImageNet's validation images (ILSVRC 2012), as the paper's table gives them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from foveal.models.classic.alexnet import alexnet, zfnet
from foveal.models.classic.cifar import DEPTHS, MLP, CifarNet
from foveal.models.classic.conv4 import Conv4
from foveal.models.classic.conv5 import Conv5
from foveal.models.classic.googlenet import GoogLeNet
from foveal.models.classic.lenet import LeNet5
from foveal.models.classic.own import OwnNetwork
from foveal.models.classic.stack import PREFIX, Stack, parse
from foveal.models.classic.vgg_c import VGG16C


@dataclass(frozen=True)
class Own:
    """A network that Foveal builds itself.

    Attributes:
        build: Makes one with random weights.
        size: Side of the input in its paper, in pixels.
        fixed: Whether it takes only that size.
        small: Whether it is for small images, trained from scratch in minutes.
    """

    build: Callable[[], OwnNetwork]
    size: int = 32
    fixed: bool = False
    small: bool = True


NETWORKS: Mapping[str, Own] = {
    "conv4": Own(Conv4),
    "conv5": Own(Conv5),
    "mlp": Own(MLP, fixed=True),
    "lenet5": Own(LeNet5),
    "alexnet": Own(alexnet, 227, small=False),
    "zfnet": Own(zfnet, 224, small=False),
    "vgg16_c": Own(VGG16C, 224, small=False),
    "googlenet": Own(GoogLeNet, 224, small=False),
    **{f"plain{depth}": Own(partial(CifarNet, depth, residual=False)) for depth in DEPTHS},
    **{f"cifar_resnet{depth}": Own(partial(CifarNet, depth, residual=True)) for depth in DEPTHS},
}


def own(name: str) -> Own | None:
    """The entry of one of Foveal's own networks, also one that is written as a line; None: it is not one.

    Raises:
        ConfigError: The line has a fault.
    """
    if name.startswith(PREFIX):
        return Own(partial(Stack, parse(name)))
    return NETWORKS.get(name)


@dataclass(frozen=True)
class Classic:
    """A network with a name in the literature.

    Attributes:
        paper: Authors and title.
        year: Of the preprint or the conference, whichever was first.
        parameters: With ``classes`` classes, counted from the paper's table of layers.
        top5_error: Published, in percent; None: the paper has none on ImageNet.
        classes: Of the classifier whose parameters are counted.
    """

    paper: str
    year: int
    parameters: int
    top5_error: float | None = None
    classes: int = 1000


_BACK = "Rumelhart, Hinton and Williams, Learning representations by back-propagating errors"
_LENET = "LeCun et al., Gradient-based learning applied to document recognition"
_ALEX = "Krizhevsky et al., ImageNet classification with deep convolutional neural networks"
_ZF = "Zeiler and Fergus, Visualizing and understanding convolutional networks"
_VGG = "Simonyan and Zisserman, Very deep convolutional networks"
_GOOGLE = "Szegedy et al., Going deeper with convolutions"
_RES = "He et al., Deep residual learning for image recognition"
_DENSE = "Huang et al., Densely connected convolutional networks"
_EFFICIENT = "Tan and Le, EfficientNet"

CLASSICS: Mapping[str, Classic] = {
    "mlp": Classic(_BACK, 1986, 1_841_162, None, 10),
    "lenet5": Classic(_LENET, 1998, 60_850, None, 10),
    "alexnet": Classic(_ALEX, 2012, 60_965_224, 18.2),
    "zfnet": Classic(_ZF, 2013, 62_357_608, 16.5),
    "vgg11": Classic(_VGG, 2014, 132_863_336, 10.4),
    "vgg13": Classic(_VGG, 2014, 133_047_848, 9.9),
    "vgg16_c": Classic(_VGG, 2014, 133_638_952, 8.8),
    "vgg16": Classic(_VGG, 2014, 138_357_544, 8.1),
    "vgg19": Classic(_VGG, 2014, 143_667_240, 8.0),
    "googlenet": Classic(_GOOGLE, 2014, 6_998_552, 10.07),
    "resnet18": Classic(_RES, 2015, 11_689_512),
    "resnet34": Classic(_RES, 2015, 21_797_672, 7.46),
    "resnet50": Classic(_RES, 2015, 25_557_032, 6.71),
    "resnet101": Classic(_RES, 2015, 44_549_160, 6.05),
    "resnet152": Classic(_RES, 2015, 60_192_808, 5.71),
    "plain20": Classic(_RES, 2015, 269_722, None, 10),
    "plain32": Classic(_RES, 2015, 464_154, None, 10),
    "plain44": Classic(_RES, 2015, 658_586, None, 10),
    "plain56": Classic(_RES, 2015, 853_018, None, 10),
    "cifar_resnet20": Classic(_RES, 2015, 269_722, None, 10),
    "cifar_resnet32": Classic(_RES, 2015, 464_154, None, 10),
    "cifar_resnet44": Classic(_RES, 2015, 658_586, None, 10),
    "cifar_resnet56": Classic(_RES, 2015, 853_018, None, 10),
    "densenet121": Classic(_DENSE, 2016, 7_978_856, 7.71),
    "densenet169": Classic(_DENSE, 2016, 14_149_480, 6.85),
    "densenet201": Classic(_DENSE, 2016, 20_013_928, 6.34),
    "efficientnet_b0": Classic(_EFFICIENT, 2019, 5_288_548, 6.7),
    "efficientnet_b1": Classic(_EFFICIENT, 2019, 7_794_184, 5.6),
    "efficientnet_b2": Classic(_EFFICIENT, 2019, 9_109_994, 5.1),
    "efficientnet_b3": Classic(_EFFICIENT, 2019, 12_233_232, 4.3),
    "efficientnet_b4": Classic(_EFFICIENT, 2019, 19_341_616, 3.6),
    "efficientnet_b5": Classic(_EFFICIENT, 2019, 30_389_784, 3.3),
    "efficientnet_b6": Classic(_EFFICIENT, 2019, 43_040_704, 3.2),
    "efficientnet_b7": Classic(_EFFICIENT, 2019, 66_347_960, 3.0),
}
"""Of efficient ones the counts are those of the authors' code; the paper rounds them to two digits. The first paper on
networks of several layers has none for images of 32 x 32: the count is that of the widths chosen here."""
