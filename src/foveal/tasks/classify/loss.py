"""The loss of a classifier, weighted for the training split.

Shapes: K classes.
"""

from torch import nn

from foveal.errors import ConfigError
from foveal.losses.binary_cross_entropy import BinaryCrossEntropy
from foveal.losses.class_weights import effective_number, inverse_frequency, positive_weights
from foveal.losses.cross_entropy import CrossEntropy
from foveal.losses.focal import Focal, SigmoidFocal
from foveal.tasks.classify.config import ClassifyConfig
from foveal.types.arrays import IntArray


def build_criterion(own: ClassifyConfig, counts: IntArray, num_samples: int, *, multi_label: bool) -> nn.Module:
    """The loss for a training split.

    Args:
        own: Loss, smoothing and weighting.
        counts: (K,) samples that have each label.
        num_samples: Samples of the split.
        multi_label: Whether a sample may have several labels.

    Raises:
        ConfigError: Cross-entropy for multi-label data.
    """
    loss = own.loss
    if loss == "auto":
        loss = "binary_cross_entropy" if multi_label else "cross_entropy"
    if loss == "cross_entropy" and multi_label:
        raise ConfigError(
            "Cross-entropy needs exactly one label per image, and this data set has images with several.",
            "Use --classify.loss binary_cross_entropy or focal.",
        )
    if loss == "binary_cross_entropy" or multi_label:
        positives = None if own.class_weights == "none" else positive_weights(counts, num_samples)
        if loss == "focal":
            return SigmoidFocal(gamma=own.focal_gamma, positive_weights=positives)
        return BinaryCrossEntropy(label_smoothing=own.label_smoothing, positive_weights=positives)
    match own.class_weights:
        case "none":
            weights = None
        case "inverse":
            weights = inverse_frequency(counts)
        case "effective":
            weights = effective_number(counts, beta=own.effective_beta)
    if loss == "focal":
        return Focal(gamma=own.focal_gamma, label_smoothing=own.label_smoothing, class_weights=weights)
    return CrossEntropy(label_smoothing=own.label_smoothing, class_weights=weights)
