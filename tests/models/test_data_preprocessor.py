"""What becomes of the bytes of images and clips."""

import pytest
import torch

from mmcontrast.models.data_preprocessor import ViewPreprocessor
from mmcontrast.registry import TRANSFORMS


def prepare(view, **settings):
    return ViewPreprocessor(**settings)(dict(inputs=dict(view0=view)))["inputs"]["view0"]


def test_clips_are_normalized_as_their_frames_are():
    clip = torch.randint(256, (2, 3, 4, 5, 6), dtype=torch.uint8)
    out = prepare(clip)
    assert out.shape == clip.shape
    for t in range(4):
        torch.testing.assert_close(out[:, :, t], prepare(clip[:, :, t]))
    assert out[0, 2, 1, 3, 4].item() == pytest.approx(
        (clip[0, 2, 1, 3, 4].item() - 103.53) / 57.375, abs=1e-5
    )


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4, 5, 6)])
def test_channels_last(shape):
    view = torch.randint(256, shape, dtype=torch.uint8)
    out = prepare(view, channels_last=True)
    assert out.stride(1) == 1
    assert torch.equal(out, prepare(view))


def test_frames_of_a_channels_last_clip_need_no_copy():
    clip = prepare(torch.randint(256, (2, 3, 4, 5, 6), dtype=torch.uint8), channels_last=True)
    frames = clip.transpose(1, 2).flatten(0, 1)
    assert frames.data_ptr() == clip.data_ptr()
    assert frames.is_contiguous(memory_format=torch.channels_last)


def test_lab():
    lab = torch.tensor([0, 128, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    out = prepare(lab, mean=[128] * 3, std=[128] * 3)
    assert out.flatten().tolist() == [-1, 0, 127 / 128]


def test_other_inputs_pass():
    floats = torch.rand(2, 3)
    assert prepare(floats) is floats


@pytest.mark.parametrize("as_config", [False, True])
def test_batches_are_augmented_in_training_alone(as_config, monkeypatch):
    class Invert:
        def __call__(self, view):
            assert view.dtype == torch.uint8 and view.dim() == 4
            return 255 - view

    monkeypatch.setitem(TRANSFORMS.module_dict, "Invert", Invert)
    invert = dict(type="Invert") if as_config else Invert()
    preprocessor = ViewPreprocessor(mean=[0] * 3, std=[1] * 3, augment=[invert])
    view = torch.randint(256, (2, 3, 4, 5), dtype=torch.uint8)
    data = dict(inputs=dict(view0=view, sizes=[view[0], view[1]], label=torch.arange(2)))
    for training, expected in ((True, 255 - view.float()), (False, view.float())):
        inputs = preprocessor(data, training)["inputs"]
        assert torch.equal(inputs["view0"], expected)
        assert torch.equal(torch.stack(inputs["sizes"]), expected)
        assert torch.equal(inputs["label"], data["inputs"]["label"])


def test_statistics_for_other_numbers_of_channels():
    with pytest.raises(ValueError, match="got 1 and 3"):
        ViewPreprocessor(mean=[0], std=[1] * 3)
    with pytest.raises(ValueError, match="std must be above 0, got 0"):
        ViewPreprocessor(mean=[0], std=[0])
    image = dict(view0=torch.zeros(1, 3, 4, 4, dtype=torch.uint8))
    with pytest.raises(ValueError, match="have 1 values, and the images have 3 channels"):
        ViewPreprocessor(mean=[0], std=[1])(dict(inputs=image))


def test_each_channel_has_its_mean_and_std():
    bands = torch.randint(256, (2, 6, 4, 5), dtype=torch.uint8)
    out = prepare(bands, mean=[1, 2, 3, 4, 5, 6], std=[2] * 6)
    torch.testing.assert_close(out[:, 5], (bands[:, 5].float() - 6) / 2)
    with pytest.raises(ValueError, match="have 3 values, and the images have 6 channels"):
        prepare(bands)
