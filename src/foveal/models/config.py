"""Which network is built, and where its pretrained weights come from."""

from foveal.types.settings import Settings


class ModelConfig(Settings):
    """The backbone; a task's own section configures what is built on it."""

    backbone: str = "tf_efficientnet_lite0"
    """Any timm model by name, or conv4 or conv5 (four or five plain convolution blocks, from scratch)."""
    weights: str = "auto"
    """auto: pretrained weights at hand; none: start at random; or a weights file (.safetensors, .pth)."""
    allow_download: bool = False
    """Whether pretrained weights may be fetched from the network."""
