"""Settings of the backbone and its weights."""

from foveal.types.settings import Settings


class ModelConfig(Settings):
    """The backbone and its weights."""

    backbone: str = "tf_efficientnet_lite0"
    """Any timm model by name, or conv4 or conv5 (four or five plain convolution blocks, trained from scratch)."""
    weights: str = "auto"
    """Initial weights; auto: pretrained weights; none: random; a run, to go on from; or a file (.safetensors, .pth)."""
    allow_download: bool = False
    """Allow downloading pretrained weights."""
