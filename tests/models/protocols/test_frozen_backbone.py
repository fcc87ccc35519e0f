"""The backbone that is only judged."""

import pytest
import torch

from mmcontrast.registry import MODELS
from mmcontrast.utils.errors import UserError
from tests.small import BACKBONE, make_batch


def test_it_has_features_and_no_loss():
    method = MODELS.build(dict(type="FrozenBackbone", backbone=BACKBONE, pretrained="random"))
    batch = method.data_preprocessor(make_batch())
    predictions = method(**batch, mode="predict")
    features = method.backbone.eval()(batch["inputs"]["view0"])[0].mean(dim=(2, 3))
    torch.testing.assert_close(torch.stack([p["global"] for p in predictions]), features)
    assert not predictions[0]["global"].requires_grad
    with pytest.raises(UserError, match=r"tools/test\.py"):
        method(**batch, mode="loss")
