import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from foveal.errors import ConfigError
from foveal.models.normalize import Normalize
from foveal.types.input_spec import InputSpec, Whitening
from foveal.types.size import Size

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _images(height: int = 6, width: int = 8) -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def _spec(patch: int = 0) -> InputSpec:
    whitening = None
    if patch:
        rng, q = np.random.default_rng(0), 3 * patch**2
        matrix = rng.normal(size=(q, q))
        whitening = Whitening(
            kind="pca", patch=patch, mean=rng.random(q), matrix=matrix.tolist(), inverse=np.linalg.inv(matrix).tolist()
        )
    return InputSpec(size=8, train_size=8, mean=MEAN, std=STD, whitening=whitening)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("floating", [False, True])
def test_equals_torchvision(memory_format: torch.memory_format, floating: bool) -> None:
    images = _images().to(memory_format=memory_format)
    expected = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])(images)
    before = images.clone()
    out = Normalize(_spec())(images.float() if floating else images)
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-5)
    assert out.dtype == torch.float32 and out.is_contiguous(memory_format=memory_format)
    assert torch.equal(images, before)


@pytest.mark.parametrize("patch", [1, 2])
def test_whitening_equals_the_patches_one_by_one(patch: int) -> None:
    spec, images = _spec(patch), _images()
    assert spec.whitening is not None
    out = Normalize(spec)(images).numpy()
    for row in range(0, 6, patch):
        for column in range(0, 8, patch):
            block = images[:, :, row : row + patch, column : column + patch].numpy() / 255  # (B, 3, p, p)
            flat = block.reshape(2, -1) - np.array(spec.whitening.mean)
            expected = (flat @ np.array(spec.whitening.matrix).T).reshape(block.shape)
            np.testing.assert_allclose(out[:, :, row : row + patch, column : column + patch], expected, atol=1e-5)


def test_nothing_is_saved() -> None:
    assert not Normalize(_spec()).state_dict()
    assert not Normalize(_spec(2)).state_dict()


def test_the_patch_must_divide_the_size() -> None:
    spec = _spec(2).model_copy(update={"size": Size.square(9)})
    with pytest.raises(ConfigError) as caught:
        Normalize(spec)
    assert str(caught.value) == (
        "The input size 9 is not a multiple of the whitening patch, 2 pixels.\n"
        "Use --size 8, or --input.whitening-patch 1."
    )


@pytest.mark.slow
@pytest.mark.parametrize("patch", [0, 1, 2])
def test_exports(patch: int, tmp_path: object) -> None:
    import warnings

    import onnxruntime as ort

    layer, images = Normalize(_spec(patch)), _images(8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            layer,
            (images,),
            dynamo=True,
            opset_version=18,
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    assert program is not None
    session = ort.InferenceSession(program.model_proto.SerializeToString())
    got = session.run(None, {"images": images[:1].numpy()})[0]
    np.testing.assert_allclose(got, layer(images[:1]), atol=1e-5)
