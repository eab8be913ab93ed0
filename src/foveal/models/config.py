"""Settings of the backbone and its weights."""

from foveal.types.settings import Settings


class ModelConfig(Settings):
    """The backbone and its weights."""

    backbone: str = "tf_efficientnet_lite0"
    """Any timm model by name, one of Foveal's own (conv4, conv5, lenet5 ...), or a line such as conv:N=2,M=3,K=1."""
    weights: str = "auto"
    """Initial weights; auto: pretrained weights; none: random; a run, to go on from; or a file (.safetensors, .pth)."""
    allow_download: bool = False
    """Allow downloading pretrained weights."""
